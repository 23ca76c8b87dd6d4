import assert from 'node:assert/strict';
import { emptyArgument } from '../../scripts/empty_arguments.ts';
import { runMain } from './run_tf8.ts';

describe('emptyArgument', () => {
  it('names the option whose value is empty', () => {
    for (const argv of [
      ['train', '--seed='],
      ['train', '--seed', ''],
    ]) {
      assert.equal(emptyArgument(argv), 'Expected a value after --seed');
    }
  });

  it('tells an argument that is empty itself', () => {
    const text = 'Expected a name or path but received an empty argument';
    for (const argv of [[''], ['describe', '']]) assert.equal(emptyArgument(argv), text);
  });

  it('takes arguments that hold something, also a lone space or "-"', () => {
    assert.equal(emptyArgument(['describe', ' ', '-', '--input-range=-1,1', 'a=']), undefined);
  });

  it('is asked before a value is made of nothing', async () => {
    const { status, stdout, stderr } = await runMain(['train', '--out', 'x', '--seed', '']);
    assert.deepEqual(
      [status, stdout, stderr],
      [1, '', 'Error: Expected a value after --seed (see "tf8 train --help")\n'],
    );
  });
});
