import assert from 'node:assert/strict';
import { namingModules, packagesLoaded } from '../support/loaded_modules.ts';
import { runTf8 } from './run_tf8.ts';

/** What yargs is made of, what runs the sources, and what draws an order: a few kilobytes. */
const LIGHT = new Set([
  ...['yargs', 'yargs-parser', 'cliui', 'y18n', 'escalade', 'get-caller-file'],
  ...['string-width', 'strip-ansi', 'ansi-regex', 'ansi-styles', 'wrap-ansi', 'emoji-regex'],
  ...['get-east-asian-width', 'tsx', 'esbuild', 'pure-rand'],
]);

async function heavyPackages(args: readonly string[]): Promise<readonly string[]> {
  const { stderr } = await runTf8(args, { node: namingModules() });
  const { packages, said } = packagesLoaded(stderr);
  if (!args.includes('--help') && !args.includes('--version')) assert.match(said, /^Error: /);
  assert.ok(packages.includes('yargs'), 'the hook names what is loaded');
  return packages.filter((name) => !LIGHT.has(name));
}

describe('what the tf8 command loads before its work', () => {
  const lines = [
    ['--help'],
    ['train', '--help'],
    ['--version'],
    ['evaluate', 'model', '--precision', 'half'],
    ['train'],
  ];
  for (const args of lines) {
    it(`tf8 ${args.join(' ')} loads no package but those of the command line`, async () => {
      assert.deepEqual(await heavyPackages(args), []);
    });
  }

  const absent = [
    ['evaluate', 'nowhere'],
    ['evaluate', 'mobilenet_v1_1.0_224', '--data', 'nowhere'],
    ['quantize', 'mobilenet_v1_1.0_224', '--out', 'x.tf8'],
    ['train', '--from', 'nowhere', '--out', 'x'],
    ['classify', 'nowhere.jpg'],
    ['verify', 'nowhere.onnx'],
    ['report', 'nowhere'],
    ['pull', 'nowhere'],
  ];
  const inTheWay = [
    ['train', '--out', 'package.json'],
    ['quantize', 'mobilenet_v1_1.0_224', '--calibration-data', 'test', '--out', 'package.json'],
    ['rearchitect', 'mobilenet_v1_1.0_224', '--data', 'test', '--out', 'package.json'],
    ['analyze', 'mobilenet_v1_1.0_224', '--data', 'test', '--out', '.'],
    ['reproduce', '--rows', 'none'],
  ];
  for (const args of [...absent, ...inTheWay]) {
    it(`tf8 ${args.join(' ')} is refused without more`, async () => {
      assert.deepEqual(await heavyPackages(args), []);
    });
  }

  it('an export in the place of another file is refused with no more than what reads its manifest', async () => {
    const data = ['--calibration-data', 'test', '--format', 'onnx', '--out', 'package.json'];
    const packages = await heavyPackages(['export', 'mobilenet_v1_1.0_224', ...data]);
    assert.deepEqual(packages, ['zod']);
  });
});
