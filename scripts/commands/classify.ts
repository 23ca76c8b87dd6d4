import type { ClassScore } from '../../quantize/execute/top_classes.ts';
import type { ClassifyResult } from '../../workflows/classify.ts';
import { kernelsName } from '../../workflows/open/kernels_used.ts';
import { howQuantized } from '../../workflows/quantize/conversion.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { defineCommand } from '../command.ts';
import {
  CALIBRATION_DATA,
  CALIBRATION_IMAGES,
  IMAGE_SIZE,
  INPUT_RANGE,
  MODEL,
  OUTPUTS,
  PREPROCESSING,
  QUANTIZATION_RECIPE,
  SEED,
  SEED_RANGE,
  TIER,
  wholeNumbers,
  ZERO_VARIANCE,
} from '../options.ts';
import { imageCount } from '../show/lines.ts';

export const classifyCommand = defineCommand({
  command: 'classify <image>',
  describe: 'The five likeliest classes of an image, in float and in TF8 side by side',
  options: (yargs) =>
    yargs
      .positional('image', { type: 'string', demandOption: true, describe: 'Image file' })
      .option('model', {
        type: 'string',
        default: 'mobilenet_v1_1.0_224',
        requiresArg: true,
        describe: MODEL,
      })
      .option('recipe', QUANTIZATION_RECIPE)
      .option('zero-variance', ZERO_VARIANCE)
      .option('calibration-data', {
        ...CALIBRATION_DATA,
        describe: 'Folder of images to calibrate with, in class folders or not',
        defaultDescription: 'the image itself',
      })
      .option('calibration-images', CALIBRATION_IMAGES)
      .option('input-range', INPUT_RANGE)
      .option('preprocessing', PREPROCESSING)
      .option('resolution', IMAGE_SIZE)
      .option('outputs', OUTPUTS)
      .option('pictures', {
        type: 'string',
        requiresArg: true,
        describe:
          'Folder that gets a PNG of each output that is an image (a mask, heat maps), in float and in TF8',
      })
      .option('tier', TIER)
      .option('seed', SEED)
      .check(wholeNumbers({ 'calibration-images': 1, seed: SEED_RANGE })),
  examples: [
    [
      'classify wolf.jpg --calibration-data DIR --recipe as-published',
      "the paper's white-wolf example",
    ],
    ['classify me.jpg --model selfie.tflite --pictures out', 'the mask beside the photograph'],
  ],
  inputs: ({ image, model, calibrationData }) => ({
    model,
    images: [image],
    folders: [calibrationData],
  }),
  run: async (argv, context) => {
    const { classify } = await import('../../workflows/classify.ts');
    return classify(argv, context);
  },
  show: ({ image, model, float, tf8, pictures, calibration, ...used }) => {
    const cells = (list: readonly ClassScore[], rank: number) => [
      shortName(list[rank].name),
      list[rank].probability.toFixed(4),
    ];
    const lists = float === undefined ? [tf8] : [float, tf8];
    const header =
      float === undefined ? ['TF8', 'probability'] : ['float', 'probability', 'TF8', 'probability'];
    const rows = tf8.map((_, rank) => lists.flatMap((list) => cells(list, rank)));
    const calibrated =
      calibration.source === 'image' ? 'this image alone' : imageCount(calibration.images);
    const made = calibration.source === 'file' ? ' when its file was made' : '';
    return [
      `${image}, ${model} (TF8: ${kernelsName(used)} kernels, calibrated on ${calibrated}${made}, ${howQuantized(calibration)})`,
      ...(rows.length > 0 ? ['', markdownTable(header, rows, header.length)] : []),
      ...(pictures === undefined ? [] : ['', showPictures(pictures)]),
    ].join('\n');
  },
});

/** A line for each file. */
function showPictures(pictures: NonNullable<ClassifyResult['pictures']>): string {
  if (pictures.length === 0) return 'none of its outputs is an image';
  return pictures
    .flatMap(({ output, shape, float, tf8 }) => {
      const files = [...(float ? [`float: ${float}`] : []), `TF8: ${tf8}`];
      return files.map((file) => `${output} [${shape.join(' × ')}], ${file}`);
    })
    .join('\n');
}

/** ImageNet's names list all synonyms: "timber wolf, grey wolf, gray wolf, Canis lupus". */
function shortName(name: string): string {
  return name.split(',', 1)[0];
}
