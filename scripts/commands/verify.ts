import { importOptional } from '../../foundation/optional_package.ts';
import { kernelsName } from '../../workflows/open/kernels_used.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { exportedFile } from '../../workflows/verify/exported_file.ts';
import { RUNTIME_NAMES } from '../../workflows/verify/runtime_names.ts';
import type { VerifyResult } from '../../workflows/verify/verify.ts';
import type { VerifyFloatResult } from '../../workflows/verify/verify_float.ts';
import { defineCommand } from '../command.ts';
import { DATA, DATASET, LIMIT, PROFILE, SEED, SEED_RANGE, TIER, wholeNumbers } from '../options.ts';
import { wrapped } from '../show/lines.ts';

const IMAGES = 50;

export const verifyCommand = defineCommand({
  command: 'verify <file>',
  describe:
    'Run an export in its real runtime and compare every byte of every layer with ours; or a float model in the program that it is of',
  options: (yargs) =>
    yargs
      .positional('file', {
        type: 'string',
        demandOption: true,
        describe:
          'A .tflite, .onnx or QONNX file, or a C library (NAME.c), that "tf8 export" wrote; with --float a tfjs model, a float .tflite or .onnx file, or one that Keras saved (.h5, .keras)',
      })
      .option('float', {
        type: 'boolean',
        default: false,
        describe:
          'Compare the float network that is read of a model with what its own program makes of the file (TensorFlow.js, LiteRT, ONNX Runtime, Keras 2 or 3), on photographs of --data or on noise',
      })
      .option('dataset', DATASET)
      .option('data', DATA)
      .option('limit', { ...LIMIT, default: IMAGES })
      .option('runtime', {
        choices: RUNTIME_NAMES,
        requiresArg: true,
        defaultDescription: "the format's: litert, onnxruntime, qonnx or cc",
        describe:
          'litert, tflite-micro (of tflite-int8; it rounds as the profile double-rounding), onnxruntime and qonnx are set up in a private Python environment; onnxruntime-node is used where it is installed; cc compiles the C program, with $CC if that is set',
      })
      .option('dump', {
        type: 'string',
        requiresArg: true,
        describe:
          'Folder that gets golden vectors of the images: input, every layer, outputs as .npy and .hex, and a manifest; about 20 MB an image of a MobileNet at 224',
      })
      .option('profile', PROFILE)
      .option('session-config', {
        type: 'string',
        array: true,
        requiresArg: true,
        coerce: (entries: readonly string[] | undefined) =>
          entries === undefined ? undefined : sessionConfig(entries),
        describe:
          'Of ONNX Runtime: an entry NAME=VALUE of the session, such as session.qdqisint8allowed=1, which keeps int8 activations int8: exact on x86-64 processors without VNNI too',
      })
      .option('tier', TIER)
      .option('seed', SEED)
      .check(wholeNumbers({ limit: 1, seed: SEED_RANGE })),
  examples: [
    ['verify mobilenet.tflite --data DIR --limit 50', 'in LiteRT, on 50 photographs'],
    ['verify mobilenet.onnx --data DIR --json', 'top1Agreement is in percent'],
    ['verify mobilenet.c --data DIR --limit 3 --dump golden', 'and golden vectors of 3 images'],
    ['verify web_model --float', 'in the executor of @tensorflow/tfjs-converter'],
  ],
  inputs: ({ file, float, dataset, data }) => ({
    ...(float ? { floatModels: [file] } : { files: [exportedFile(file)] }),
    folders: [data],
    ...(!float && { dataset: { name: dataset, folder: data, option: 'data' } }),
  }),
  run: async (argv, context): Promise<VerifyResult | VerifyFloatResult> => {
    if (!argv.float) {
      const { verify } = await import('../../workflows/verify/verify.ts');
      return verify(argv, context);
    }
    const { verifyFloat } = await importOptional(
      () => import('../../workflows/verify/verify_float.ts'),
    );
    return verifyFloat({ ...argv, model: argv.file }, context);
  },
  show: (result) =>
    'isEqual' in result ? showFloatVerification(result) : showVerification(result),
  status: (result) => {
    if ('isEqual' in result) return result.isEqual ? 0 : 1;
    return result.firstDifference === undefined ? 0 : 1;
  },
});

/** A row for each output. */
export function showFloatVerification(result: VerifyFloatResult): string {
  const { model, runtime, images, dataset, outputs, tolerance, isEqual } = result;
  return [
    `${model} in ${runtime} and as our float graph on ${images} images of ${dataset}`,
    '',
    markdownTable(
      ['output', 'shape', 'range', 'largest difference', 'of the range'],
      outputs.map(({ name, shape, range, maxDifference, relativeDifference }) => [
        name,
        shape.join(' × '),
        range.toPrecision(4),
        maxDifference.toExponential(1),
        relativeDifference.toExponential(1),
      ]),
      2,
    ),
    '',
    isEqual
      ? `every output is the same within ${tolerance} of its range`
      : `an output differs by more than ${tolerance} of its range`,
  ].join('\n');
}

/** The result for people: a row for each layer, and the first difference if there is any. */
export function showVerification(result: VerifyResult): string {
  return [
    `${result.file} in ${result.runtime} and in our executor (${kernelsName(result)}) on ${result.images} images of ${result.dataset}${result.skipped > 0 ? `; ${result.skipped} could not be read` : ''}`,
    '',
    markdownTable(
      ['layer', 'bytes', 'differing', 'largest difference'],
      result.layers.map(({ name, elements, differing, maxDifference }) => [
        name,
        elements.toLocaleString('en'),
        differing.toLocaleString('en'),
        String(maxDifference),
      ]),
      1,
    ),
    '',
    firstDifference(result),
    ...(result.explanation === undefined ? [] : wrapped(result.explanation, '')),
    ...(result.top1Agreement === null
      ? []
      : [`top-1 agrees on ${result.top1Agreement.toFixed(1)} % of the images`]),
    ...(result.dump === undefined ? [] : [`golden vectors: ${result.dump}`]),
  ].join('\n');
}

/** NAME=VALUE, as `yargs.coerce` gives it. */
function sessionConfig(entries: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      if (at > 0 && at < entry.length - 1) return [entry.slice(0, at), entry.slice(at + 1)];
      throw new Error(`Expected NAME=VALUE for --session-config but received ${entry}`);
    }),
  );
}

function firstDifference({ firstDifference: first }: VerifyResult): string {
  if (first === undefined) return 'every byte of every layer is the same';
  const { image, layer, coordinate, ours, theirs } = first;
  return `first difference: ${image}, ${layer} at [${coordinate.join(', ')}] (y, x, channel): ours ${ours}, theirs ${theirs}`;
}
