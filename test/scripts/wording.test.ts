import assert from 'node:assert/strict';
import { inFlags } from '../../scripts/wording.ts';
import {
  call,
  command,
  OPTION_NAMES,
  option,
  unquoted,
  WORKFLOW_NAMES,
} from '../../workflows/wording.ts';
import { runMain } from './run_tf8.ts';

describe('a message of a workflow', () => {
  it('names options as code, which the command shows as flags', () => {
    const message = `Pass ${option('calibrationData', 'DIR')}, ${option('resume', true)} or ${option('widthMultiplier', 0.25)}, not ${option('out')}.`;
    assert.equal(
      message,
      'Pass `calibrationData: DIR`, `resume: true` or `widthMultiplier: 0.25`, not `out`.',
    );
    assert.equal(
      inFlags(message),
      'Pass --calibration-data DIR, --resume or --width-multiplier 0.25, not --out.',
    );
  });

  it('names workflows by their calls, which the command shows as command lines', () => {
    const message = `${call('train', { variant: 'standard', from: 'MODEL' })}, ${call('rearchitect', { model: 'MODEL' })} or ${call('reproduce')}`;
    assert.equal(
      message,
      "`train({ variant: 'standard', from: MODEL })`, `rearchitect({ model: MODEL })` or `reproduce()`",
    );
    assert.equal(
      inFlags(message),
      '"tf8 train --variant standard --from MODEL", "tf8 rearchitect MODEL" or "tf8 reproduce"',
    );
  });

  it('keeps what a user has named, whatever signs are in it', () => {
    for (const name of ["it's, a: {model}", 'a\\b', 'a`b`', 'x })']) {
      assert.equal(inFlags(option('from', name)), `--from ${name}`);
      assert.equal(inFlags(call('train', { from: name })), `"tf8 train --from ${name}"`);
    }
  });

  it('makes a line for a shell of a call that stands by itself', () => {
    const line = command('quantize', { model: 'my net', out: "it's.tf8", limit: undefined });
    assert.equal(line, "``quantize({ model: 'my net', out: 'it\\'s.tf8' })``");
    assert.equal(unquoted(line), "quantize({ model: 'my net', out: 'it\\'s.tf8' })");
    assert.equal(inFlags(line), String.raw`tf8 quantize 'my net' --out 'it'\''s.tf8'`);
  });

  it('keeps other code as it is', () => {
    const message = '`f(x)`, `other`, `out: `, `train` and `train({ x })`';
    assert.equal(inFlags(message), message);
  });

  it('names only what there is: every option and workflow is a command’s', async () => {
    const { stdout } = await runMain(['--help']);
    const commands = [...stdout.matchAll(/^ {2}tf8 ([a-z]+)/gm)].map(([, name]) => name);
    for (const name of WORKFLOW_NAMES) assert.ok(commands.includes(name), name);
    const helps: string[] = [];
    for (const command of commands) helps.push((await runMain([command, '--help'])).stdout);
    for (const name of OPTION_NAMES) {
      const flag = inFlags(option(name));
      assert.ok(
        helps.some((help) => new RegExp(`^ +${flag}\\b`, 'm').test(help)),
        flag,
      );
    }
  });
});
