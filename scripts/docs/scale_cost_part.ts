import { STANDARD } from '../../architectures/variants.ts';
import { SLIM_IMAGENET } from '../../training/recipes/recipes.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { inWords } from '../../workflows/reproduce/cost_report.ts';
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

/** What ImageNet's 120 epochs of a MobileNetV1 take, by the steps that were measured on processors. */
export function scaleCostPart(trainings: readonly TrainingRates[]): string {
  const rows = trainings.flatMap((training) => {
    const load = loadOf(training);
    if (load === undefined) return [];
    const { processor, threads } = training.environment;
    return SETTINGS.filter(({ device }) => device === 'cpu').map((workers) => {
      const { seconds, basis } = timeElsewhere([load], workers);
      const machines = workers.workers === 1 ? '1 machine' : `${workers.workers} machines`;
      return [`${machines}: ${processor}, ${threads} threads`, inWords(seconds), basis, '–'];
    });
  });
  const [any] = trainings.map(loadOf).filter((load) => load !== undefined);
  if (any === undefined) return '*Not measured yet.*';
  const gpus = SETTINGS.filter(({ device }) => device === 'gpu').map((workers) => {
    const { seconds, basis, decodingCores } = timeElsewhere([any], workers);
    const name = workers.workers === 1 ? '1 GPU' : `${workers.workers} GPUs of one machine`;
    return [name, inWords(seconds), basis, String(decodingCores)];
  });
  const { gigabitsPerSecond, gpuBytesPerSecond, gpuShare, passes, decodedPerCore } = ASSUMED;
  return [
    markdownTable(['by', 'time', '', 'cores that decode'], [...rows, ...gpus], 1),
    `Measured is the step, by \`npm run bench:training\`. On paper: sums go over ${gigabitsPerSecond} Gbit/s beside no other work; a GPU's memory gives ${gpuBytesPerSecond / 1e12} TB/s (an A100), a step gets ${gpuShare * 100} % of it, and writes or reads every output of a convolution ${passes} times; a core decodes and crops ${decodedPerCore} photographs a second.`,
  ].join('\n\n');
}

/** undefined where the record has no step of that network. */
function loadOf({ rows }: TrainingRates): TrainingLoad | undefined {
  const row = rows.find((one) => one.width === 1 && one.resolution === resolution);
  if (row === undefined) return undefined;
  return {
    network: { network: 'mobilenet_v1', variant: STANDARD, widthMultiplier: 1 },
    resolution,
    classes: row.classes,
    batchSize,
    images: EPOCHS * IMAGES,
    imagesPerSecond: row.compiled,
  };
}
