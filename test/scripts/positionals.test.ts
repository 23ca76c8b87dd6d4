import assert from 'node:assert/strict';
import { withPositionals } from '../../scripts/positionals.ts';
import { runMain } from './run_tf8.ts';

describe('arguments behind --', () => {
  it('are names, also where they begin with a dash', () => {
    assert.deepEqual(withPositionals(['describe', '--json', '--', '-model.json', 'b']), [
      'describe',
      '--json',
      './-model.json',
      'b',
    ]);
    assert.deepEqual(withPositionals(['describe', '-x', '-']), ['describe', '-x', '-']);
  });

  it('are what the command works on', async () => {
    const { status, stderr } = await runMain(['describe', '--', '-nowhere.json']);
    assert.equal(status, 1);
    assert.match(stderr, /^Error: Expected a model but received "\.\/-nowhere\.json"/m);
  });
});
