import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { TSX } from '../support/without_tfjs_node.ts';

function bench(name: string, ...options: string[]) {
  const script = join(import.meta.dirname, '../../bench', `${name}.ts`);
  return spawnSync(process.execPath, ['--import', TSX, script, ...options], { encoding: 'utf8' });
}

describe('the benches', () => {
  it('tell what is wrong with an option, and what there is, without a stack trace', () => {
    for (const [name, options, message] of [
      [
        'explain',
        ['--photos', '3'],
        /^Error: Unknown option '--photos'.*\nUsage: npm run bench:explain/,
      ],
      ['figures', ['--relu', 'a'], /^Error: Expected --relu6 beside --relu but it is missing$/m],
      [
        'rearchitect',
        [],
        /^Error: Expected a folder of ImageNet images .*\nUsage: npm run bench:rea/,
      ],
      ['recipes', [], /^Error: Expected --imagenet and .*\nUsage: npm run bench:recipes/],
      [
        'granularity',
        ['--images', '0', '--imagenet', '.'],
        /^Error: Expected a number from 1 for --images/m,
      ],
    ] as const) {
      const { status, stderr } = bench(name, ...options);
      assert.match(stderr, message);
      assert.equal(status, 1);
      assert.ok(!stderr.includes('    at '), stderr);
    }
  }).timeout(120_000);

  it('tell their options', () => {
    const { status, stdout } = bench('training', '--help');
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: npm run bench:training/);
  }).timeout(60_000);
});
