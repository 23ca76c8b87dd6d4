import { STANDARD } from '../../architectures/variants.ts';
import { SLIM_IMAGENET } from '../../training/recipes/recipes.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { ELSEWHERE_TITLES, elsewhereCells } from '../../workflows/reproduce/cost_report.ts';
import {
  ASSUMED,
  SETTINGS,
  type TrainingLoad,
  timeElsewhere,
} from '../../workflows/reproduce/elsewhere.ts';
import type { TrainingRates } from './records.ts';

/** ILSVRC2012: arXiv 1409.0575, table 2. */
const IMAGES = 1_281_167;
const EPOCHS = 120;
const { resolution, batchSize } = SLIM_IMAGENET;

/** ImageNet's 120 epochs of a MobileNetV1 of width 1, as many images as they are. */
export const IMAGENET_TRAINING = {
  network: { network: 'mobilenet_v1', variant: STANDARD, widthMultiplier: 1 },
  resolution,
  classes: 1001,
  batchSize,
  images: EPOCHS * IMAGES,
} as const satisfies Omit<TrainingLoad, 'imagesPerSecond'>;

/** What ImageNet's 120 epochs of a MobileNetV1 take, by the steps that were measured on processors. */
export function scaleCostPart(trainings: readonly TrainingRates[]): string {
  const rows = trainings.flatMap((training) => {
    const load = loadOf(training);
    if (load === undefined) return [];
    const { processor, threads } = training.environment;
    return SETTINGS.filter(({ device }) => device === 'cpu').map((workers) => {
      const machines = workers.workers === 1 ? '1 machine' : `${workers.workers} machines`;
      return [
        `${machines}: ${processor}, ${threads} threads`,
        ...elsewhereCells(timeElsewhere([load], workers)),
      ];
    });
  });
  const [any] = trainings.map(loadOf).filter((load) => load !== undefined);
  if (any === undefined) return '*Not measured yet.*';
  const gpus = SETTINGS.filter(({ device }) => device === 'gpu').map((workers) => [
    workers.workers === 1 ? '1 GPU' : `${workers.workers} GPUs of one machine`,
    ...elsewhereCells(timeElsewhere([any], workers)),
  ]);
  const { gigabitsPerSecond, gpuBytesPerSecond, gpuShare, passes, decodedPerCore } = ASSUMED;
  return [
    markdownTable(['by', ...ELSEWHERE_TITLES], [...rows, ...gpus], 1),
    `Measured is the step, by \`npm run bench:training\`. On paper: sums go over ${gigabitsPerSecond} Gbit/s beside no other work; a GPU's memory gives ${gpuBytesPerSecond / 1e12} TB/s (an A100), a step gets ${gpuShare * 100} % of it, and writes or reads every output of a convolution ${passes} times; a core decodes and crops ${decodedPerCore} photographs a second. Efficiency is beside as many single machines; \`step\` and \`network\` say which takes longer of each step, and with fewer cores for GPUs than the last column has the input limits.`,
  ].join('\n\n');
}

/** undefined where the record has no step of that network. */
function loadOf({ rows }: TrainingRates): TrainingLoad | undefined {
  const row = rows.find(
    (one) => one.width === 1 && one.resolution === IMAGENET_TRAINING.resolution,
  );
  if (row === undefined) return undefined;
  return { ...IMAGENET_TRAINING, classes: row.classes, imagesPerSecond: row.compiled };
}
