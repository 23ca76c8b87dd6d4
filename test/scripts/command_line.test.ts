import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NETWORK_NAMES } from '../../architectures/registry.ts';
import { PUBLIC_CHECKPOINT_NAMES } from '../../checkpoints/public/public_checkpoints.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { withoutTfjsNode } from '../support/without_tfjs_node.ts';
import { type Ended, runMain, runTf8 } from './run_tf8.ts';
import { picture, saveTinyModel, withoutTimes, writeImage } from './support.ts';

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  reproduce: ['imagenet', 'train-images', 'test-images', 'epochs', 'resolution', 'runs-dir'],
  pull: [],
  describe: ['variant', 'squeeze-excite', 'width-multiplier', 'resolution', 'classes'],
  train: [
    'network',
    'variant',
    'from',
    'teacher',
    'dataset',
    'data',
    'out',
    'recipe',
    'epochs',
    'minutes',
    'resume',
  ],
  rearchitect: ['variant', 'dataset', 'data', 'out', 'images', 'retrain', 'recipe', 'resume'],
  quantize: ['dataset', 'calibration-data', 'calibration-images', 'zero-variance', 'out', 'seed'],
  fix: [
    'dataset',
    'data',
    'calibration-data',
    'calibration-images',
    'limit',
    'out',
    'tier',
    'seed',
  ],
  export: [
    'format',
    'out',
    'dataset',
    'calibration-data',
    'calibration-images',
    'zero-variance',
    'seed',
  ],
  verify: ['dataset', 'data', 'limit', 'runtime', 'tier', 'seed'],
  evaluate: [
    'dataset',
    'data',
    'precision',
    'zero-variance',
    'calibration-data',
    'calibration-images',
    'limit',
    'tier',
    'seed',
  ],
  analyze: [
    'dataset',
    'data',
    'limit',
    'per-class',
    'zero-variance',
    'calibration-data',
    'calibration-images',
    'accuracy',
    'tier',
    'seed',
    'out',
    'runs-dir',
  ],
  classify: ['model', 'zero-variance', 'calibration-data', 'tier'],
  report: [],
  recipe: [],
  doctor: [],
};

/** One line on standard error, nothing on standard output, status 1. */
function assertRefused({ status, stdout, stderr }: Ended, message: string): void {
  assert.deepEqual({ status, stdout, stderr }, { status: 1, stdout: '', stderr: `${message}\n` });
}

describe('the tf8 command line', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-command-'));
    await saveTinyModel(at('model'), 1001);
    for (let index = 0; index < 6; index++) {
      await writeImage(at('images'), index, `${index}.png`, await picture(index));
    }
    await writeFile(at('image.png'), await picture(9));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  describe('help', () => {
    it('--help lists the commands on standard output', async () => {
      const { status, stdout, stderr } = await runMain(['--help']);
      assert.deepEqual([status, stderr], [0, '']);
      for (const command of Object.keys(COMMANDS))
        assert.match(stdout, new RegExp(`tf8 ${command}`));
    });

    for (const [command, options] of Object.entries(COMMANDS)) {
      it(`${command} --help names its options and --json`, async () => {
        const { status, stdout } = await runMain([command, '--help']);
        assert.equal(status, 0);
        for (const option of [...options, 'json']) {
          assert.match(stdout, new RegExp(`^ +--${option}\\b`, 'm'));
        }
      });
    }

    for (const command of Object.keys(COMMANDS)) {
      it(`${command} refuses each option that takes a value without one`, async () => {
        const { stdout } = await runMain([command, '--help']);
        const positional = /^Positionals:/m.test(stdout) ? ['x'] : [];
        // An example may be broken before one of its options.
        const [options] = stdout.split(/^Examples:/m);
        for (const block of options.split(/^ {2}(?=--)/m).slice(1)) {
          const option = /^--[\w-]+/.exec(block)![0];
          if (block.includes('[boolean]')) continue;
          assertRefused(
            await runMain([command, ...positional, option]),
            `Error: Expected a value after ${option} (see "tf8 ${command} --help")`,
          );
        }
      });
    }

    it('help is --help, help COMMAND that of the command', async () => {
      assert.deepEqual(await runMain(['help']), await runMain(['--help']));
      assert.deepEqual(await runMain(['help', 'train']), await runMain(['train', '--help']));
    });

    it('version is --version', async () => {
      assert.deepEqual(await runMain(['version']), await runMain(['--version']));
    });

    it('completion prints a script, whose calls complete commands, options and values', async () => {
      assert.match((await runMain(['completion'])).stdout, /tf8 --get-yargs-completions/);
      const completed = async (...words: string[]) =>
        (await runMain(['--get-yargs-completions', 'tf8', ...words])).stdout.split('\n');
      assert.ok((await completed('eva')).some((line) => line.startsWith('evaluate')));
      assert.ok((await completed('train', '--rec')).some((line) => line.startsWith('--recipe')));
    });

    it('--version gives the version of the package', async () => {
      const file = new URL('../../package.json', import.meta.url);
      const { version } = JSON.parse(await readFile(file, 'utf8'));
      assert.equal((await runMain(['--version'])).stdout, `${version}\n`);
    });
  });

  it('scripts/tf8.mjs passes arguments, output and status on', async () => {
    assertRefused(
      await runTf8(['frobnicate']),
      'Error: Unknown command or argument: frobnicate (see "tf8 --help")',
    );
  });

  it('ends quietly where nobody reads its output', async () => {
    const { status, stderr } = await runTf8(['describe', '--json'], {
      onStart: ({ stdout }) => stdout?.destroy(),
    });
    assert.deepEqual([status, stderr], [0, '']);
  });

  describe('refusals', () => {
    const cases: readonly (readonly [args: string, message: string])[] = [
      ['', 'Missing command'],
      ['frobnicate', 'Unknown command or argument: frobnicate'],
      ['evalute model', 'Unknown command. Did you mean "evaluate"?'],
      ['describe --frobnicate', 'Unknown argument: frobnicate'],
      ['describe model extra', 'Unknown command or argument: extra'],
      ['describe --resolutoin 64', 'Unknown argument: resolutoin. Did you mean --resolution?'],
      [
        'evaluate model --calibraton-data x',
        'Unknown argument: calibraton-data. Did you mean --calibration-data?',
      ],
      ['help evalute', 'Unknown command. Did you mean "evaluate"?'],
      ['help frobnicate', 'Unknown command or argument: frobnicate'],
      ['evaluate', 'Missing argument: model'],
      ['classify', 'Missing argument: image'],
      ['pull', 'Missing argument: name'],
      ['train', 'Missing required option: --out'],
      ['export m', 'Missing required options: --format, --out'],
      ['train --outt x', 'Unknown argument: outt. Did you mean --out?'],
      ['quantize m --output x.tf8', 'Unknown argument: output. Did you mean --out?'],
      ['evaluate model --limit', 'Expected a value after --limit'],
      [
        'evaluate model --precision half',
        'Unexpected value for --precision: received "half", expected one of "float", "tf8", "both"',
      ],
      [
        'evaluate model --precision flaot',
        'Unexpected value for --precision: received "flaot", expected one of "float", "tf8", "both". Did you mean "float"?',
      ],
      [
        'evaluate model --limit 0',
        'Expected a whole number of at least 1 for --limit but received 0',
      ],
      [
        'evaluate model --limit x',
        'Expected a whole number of at least 1 for --limit but received no number',
      ],
      [
        'evaluate model --limit 1.5',
        'Expected a whole number of at least 1 for --limit but received 1.5',
      ],
      [
        'evaluate model --seed -1',
        'Expected a whole number from 0 to 4294967295 for --seed but received -1',
      ],
      [
        'describe --width-multiplier 0',
        'Expected a number greater than 0 for --width-multiplier but received 0',
      ],
      [
        'describe --network inception_v3 --variant friendly',
        'Expected no --variant with --network inception_v3, which has one core layer, but received friendly',
      ],
      [
        'describe --network mobilenet_v2 --squeeze-excite off',
        'Expected no --squeeze-excite with --network mobilenet_v2, which has none, but received off',
      ],
      [
        'describe model --squeeze-excite off',
        'Expected no --variant, no --squeeze-excite and no --resolution with model, which has its own, but received off',
      ],
      [
        'describe --network resnet',
        `Unexpected value for --network: received "resnet", expected one of ${NETWORK_NAMES.map((name) => `"${name}"`).join(', ')}`,
      ],
      [
        'train --network inception_v3 --zero-variance mean --out x',
        'Expected no --zero-variance with --network inception_v3, which has one core layer, but received mean',
      ],
      [
        'train --out x --learning-rate NaN',
        'Expected a number greater than 0 for --learning-rate but received no number',
      ],
      [
        'train --out x --epochs 1 --minutes 1',
        'Arguments epochs and minutes are mutually exclusive',
      ],
    ];
    /** The command whose help explains the mistake. */
    const help = (args: string) => {
      const [command = ''] = args.split(' ');
      return command in COMMANDS ? `${command} ` : '';
    };
    for (const [args, message] of cases) {
      it(`tf8 ${args}: "${message}"`, async () => {
        assertRefused(
          await runMain(args.split(' ').filter(Boolean)),
          `Error: ${message} (see "tf8 ${help(args)}--help")`,
        );
      });
    }

    it('a model that is not there: the message and what to do, without a stack trace', async () => {
      assertRefused(
        await runMain(['evaluate', 'mobilenet_v9', '--data', folder]),
        `Error: Expected a model but received "mobilenet_v9": there is no such file, folder or public checkpoint\nPass a TF8 file, a tfjs model.json or its folder, a SavedModel folder, a frozen graph (.pb), a TensorFlow Lite file (.tflite), a Keras file (.keras, .h5), an ONNX model (.onnx), a TensorFlow checkpoint (its .index, its prefix, or a V1 file), a zip of one of these, or one of these names: ${PUBLIC_CHECKPOINT_NAMES}.`,
      );
    });
  });

  describe('results', () => {
    it('describe --json prints one object with the published MACs and parameters', async () => {
      const { status, stdout, stderr } = await runMain(['describe', '--json']);
      assert.deepEqual([status, stderr], [0, '']);
      const result = JSON.parse(stdout);
      assert.equal(result.macs, 568741376);
      assert.equal(result.publishedParameters, 4243945);
      assert.equal(result.layers.length, 28);
    });

    it('describe --network inception_v3 describes the paper’s control at 299 × 299', async () => {
      const { stdout } = await runMain(['describe', '--network', 'inception_v3', '--json']);
      const { network, variant, resolution, publishedParameters, layers } = JSON.parse(stdout);
      assert.deepEqual([network, variant, resolution], ['inception_v3', undefined, 299]);
      assert.equal(publishedParameters, 23_853_833);
      assert.equal(layers.length, 95);
    });

    it('recipe NAME prints a recipe that --recipe takes, and recipe lists them', async () => {
      const { stdout } = await runMain(['recipe', 'finetune']);
      const file = at('mine.json');
      await writeFile(file, stdout);
      assert.equal((await runMain(['recipe', file])).stdout, stdout);
      assert.match((await runMain(['recipe'])).stdout, /^finetune-rmsprop +from trained weights/m);
    });

    it('describe <model> tells format, network, classes and layers', async function () {
      await needsTensorFlow.call(this); // says that it is missing on standard error
      const { status, stdout } = await runMain(['describe', at('model')]);
      assert.equal(status, 0);
      const title = ': tfjs LayersModel, MobileNetV1 standard of width ';
      assert.ok(stdout.startsWith(`${at('model')}${title}`), stdout);
      assert.match(stdout, /^input 32 × 32 × 3, 1000 classes and a background class of imagenet$/m);
      assert.match(stdout, /^\| Conv2d_0 +\| conv2d +\| 16 × 16 × 8 +\| +55,296 \| +224 \|$/m);
    });

    it('of an option that is given twice the last one counts', async () => {
      const args = ['describe', '--json', '--resolution', '224', '--resolution', '32'];
      assert.equal(JSON.parse((await runMain(args)).stdout).resolution, 32);
    });

    it('quantize writes a TF8 file that evaluate and classify read', async function () {
      await needsTensorFlow.call(this); // says that it is missing on standard error
      const out = at('made/model.tf8');
      const args = ['quantize', at('model'), '--calibration-data', at('images'), '--out', out];
      const quantized = await runTf8([...args, '--recipe', 'as-published', '--json']);
      assert.deepEqual([quantized.status, quantized.stderr], [0, '']);
      const result = JSON.parse(quantized.stdout);
      assert.deepEqual([result.out, result.calibrationImages, result.skipped], [out, 6, 0]);
      assert.equal(result.bytes, (await readFile(out)).length);

      const evaluated = await runMain(['evaluate', out, '--data', at('images'), '--json']);
      assert.deepEqual([evaluated.status, evaluated.stderr], [0, '']);
      const { images, skipped, float, tf8 } = JSON.parse(evaluated.stdout);
      assert.deepEqual(
        [images, skipped, float, tf8.tier],
        [6, 0, undefined, selectKernels('auto').kernels.tier],
      );

      const classified = await runMain(['classify', at('image.png'), '--model', out]);
      assert.deepEqual([classified.status, classified.stderr], [0, '']);
      assert.match(classified.stdout, /^\| TF8 +\| probability \|$/m);
      assert.match(classified.stdout, /calibrated on 6 images when its file was made/);
      const text = (await runMain(['evaluate', out, '--data', at('images')])).stdout;
      assert.match(text, /^calibrated on 6 images when the file was made, zero variance: keep$/m);
    });

    it('merge makes of the shards of an evaluation what all images give', async function () {
      await needsTensorFlow.call(this); // says that it is missing on standard error
      const args = ['evaluate', at('model'), '--data', at('images'), '--precision', 'float'];
      const whole = at('whole.json');
      assert.equal((await runMain([...args, '--out', whole])).status, 0);
      const parts = [1, 2].map((k) => at(`part-${k}.json`));
      for (const [index, out] of parts.entries()) {
        const shard = ['--shard', `${index + 1}/2`, '--out', out];
        assert.equal((await runMain([...args, ...shard])).status, 0);
      }
      const merged = at('merged.json');
      const result = await runMain(['merge', ...parts, '--out', at('other.json'), '--out', merged]);
      assert.deepEqual([result.status, result.stderr], [0, '']);
      assert.equal(await readFile(merged, 'utf8'), await readFile(whole, 'utf8'));
      assert.match((await runTf8(['merge'])).stderr, /Missing argument: shards/);
    });

    it('classify shows the first of a class’s names in its table, and all of them in JSON', async () => {
      const model = ['--model', at('model'), '--recipe', 'as-published'];
      const args = ['classify', at('image.png'), ...model];
      const [text, json] = [await runMain(args), await runMain([...args, '--json'])];
      const { float, tf8 } = JSON.parse(json.stdout);
      const rows = text.stdout.split('\n').filter((line) => line.startsWith('| '));
      float.forEach(({ name }: { name: string }, rank: number) => {
        const cells = rows[rank + 2].split('|').map((cell) => cell.trim());
        assert.equal(cells[1], name.split(',')[0]);
        assert.equal(cells[3], tf8[rank].name.split(',')[0]);
      });
    });

    it('evaluate says nothing on standard error but what it warns of', async function () {
      await needsTensorFlow.call(this);
      const args = ['evaluate', at('model'), '--data', at('images'), '--calibration-images', '3'];
      const { status, stdout, stderr } = await runTf8([...args, '--recipe', 'as-published']);
      assert.equal(status, 0);
      assert.match(stdout, /^\| float +\| +\d/m);
      assert.match(stdout, /^\| TF8 \([a-z0-9 ]+\) +\| +\d/m);
      assert.match(stdout, /^\| speed +\| images\/s \| decode ms\/image \|/m);
      assert.match(stdout, /calibrated on 3 images, some of them evaluated/);
      assert.match(
        stderr,
        /^Warning: some calibration images are among the evaluated ones[^\n]*\n$/,
      );
    });

    it('without tfjs-node, evaluate works on WebAssembly and says so', async () => {
      const args = ['evaluate', at('model'), '--data', at('images'), '--limit', '3', '--json'];
      const calibration = ['--calibration-images', '3', '--recipe', 'as-published'];
      const normal = await runMain([...args, ...calibration]);
      const without = await runTf8([...args, ...calibration], { node: withoutTfjsNode() });
      assert.equal(without.status, 0, without.stderr);
      const [received, expected] = [without, normal].map(({ stdout }) => JSON.parse(stdout));
      // The float networks round differently.
      for (const { outputs } of [received, expected]) {
        for (const output of outputs) output.sqnrDb = output.sqnrDb.toFixed(2);
      }
      assert.deepEqual(withoutTimes(received), withoutTimes(expected));
      assert.equal(
        without.stderr,
        'Warning: tfjs-node does not load (taken away for a test): the float network runs on WebAssembly\n',
      );
    });

    it('without tfjs-node, train works and says that it is slow', async () => {
      const { status, stdout, stderr } = await runTf8(
        [
          'train',
          '--out',
          at('trained'),
          '--dataset',
          'imagenet',
          '--data',
          at('images'),
          '--width-multiplier',
          '0.02',
          '--limit',
          '8',
          '--epochs',
          '1',
          '--json',
        ],
        { node: withoutTfjsNode() },
      );
      assert.equal(status, 0, stderr);
      assert.equal((JSON.parse(stdout) as { training: { steps: number } }).training.steps, 1);
      assert.match(stderr, /^Warning: Training is slow here, .*taken away for a test/m);
    });
  });

  it('Ctrl-C during an evaluation ends it with status 130 and "Interrupted."', async () => {
    // The first warning of a broken image says that the evaluation runs; hundreds are left then.
    const image = await picture(9);
    for (let index = 0; index < 800; index++) {
      const content = index % 2 === 0 ? 'broken' : image;
      await writeImage(at('many'), index % 10, `${index}.png`, content);
    }
    let sent = false;
    const { status, stdout, stderr } = await runTf8(
      ['evaluate', at('model'), '--data', at('many'), '--precision', 'float'],
      {
        onStderr: (child, text) => {
          if (sent || !text.includes('skipped')) return;
          sent = true;
          child.kill('SIGINT');
        },
      },
    );
    assert.deepEqual([status, stdout], [130, '']);
    assert.match(stderr, /^Interrupted\.$/m);
  });
});
