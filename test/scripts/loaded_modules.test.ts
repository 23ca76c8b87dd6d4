import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { namingModules, packagesLoaded } from '../support/loaded_modules.ts';

/** What yargs is made of, what runs the sources, and what draws an order: a few kilobytes. */
const LIGHT = new Set([
  ...['yargs', 'yargs-parser', 'cliui', 'y18n', 'escalade', 'get-caller-file'],
  ...['string-width', 'strip-ansi', 'ansi-regex', 'ansi-styles', 'wrap-ansi', 'emoji-regex'],
  ...['get-east-asian-width', 'tsx', 'esbuild', 'pure-rand'],
]);

const OWN = [
  ['--help'],
  ['train', '--help'],
  ['--version'],
  ['evaluate', 'model', '--precision', 'half'],
  ['train'],
];
const ABSENT = [
  ['evaluate', 'nowhere'],
  ['evaluate', 'mobilenet_v1_1.0_224', '--data', 'nowhere'],
  ['quantize', 'mobilenet_v1_1.0_224', '--out', 'x.tf8'],
  ['train', '--from', 'nowhere', '--out', 'x'],
  ['classify', 'nowhere.jpg'],
  ['verify', 'nowhere.onnx'],
  ['report', 'nowhere'],
  ['pull', 'nowhere'],
];
const IN_THE_WAY = [
  ['train', '--out', 'package.json'],
  ['quantize', 'mobilenet_v1_1.0_224', '--calibration-data', 'test', '--out', 'package.json'],
  ['rearchitect', 'mobilenet_v1_1.0_224', '--data', 'test', '--out', 'package.json'],
  ['analyze', 'mobilenet_v1_1.0_224', '--data', 'test', '--out', '.'],
  ['reproduce', '--rows', 'none'],
];
const EXPORT = [
  ...['export', 'mobilenet_v1_1.0_224', '--calibration-data', 'test', '--format', 'onnx'],
  ...['--out', 'package.json'],
];
/** In one process, which would not name a package again: those that may load one come last. */
const LINES: readonly (readonly string[])[] = [...OWN, ...ABSENT, ...IN_THE_WAY, EXPORT];

/** What was loaded for each line, of the first one the command itself too, and what it said. */
async function loadedBy(
  lines: readonly (readonly string[])[],
): Promise<ReturnType<typeof packagesLoaded>[]> {
  const script = join(import.meta.dirname, 'lines_in_turn.ts');
  const args = [...namingModules(), script, JSON.stringify(lines)];
  const { stderr } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 });
  const [start, first, ...others] = stderr.split(/^line \d+\n/m);
  return [start + first, ...others].map(packagesLoaded);
}

describe('what the tf8 command loads before its work', () => {
  let loaded: ReturnType<typeof packagesLoaded>[];

  before(async () => {
    loaded = await loadedBy(LINES);
    assert.equal(loaded.length, LINES.length);
    assert.ok(loaded[0].packages.includes('yargs'), 'the hook names what is loaded');
  });

  const heavyPackages = (args: readonly string[]) =>
    loaded[LINES.indexOf(args)].packages.filter((name) => !LIGHT.has(name));

  for (const args of OWN) {
    it(`tf8 ${args.join(' ')} loads no package but those of the command line`, () =>
      assert.deepEqual(heavyPackages(args), []));
  }

  for (const args of [...ABSENT, ...IN_THE_WAY]) {
    it(`tf8 ${args.join(' ')} is refused without more`, () => {
      assert.match(loaded[LINES.indexOf(args)].said, /^Error: /);
      assert.deepEqual(heavyPackages(args), []);
    });
  }

  it('an export in the place of another file is refused with no more than what reads its manifest', () => {
    assert.match(loaded.at(-1)!.said, /^Error: /);
    assert.deepEqual(heavyPackages(EXPORT), ['zod']);
  });
});
