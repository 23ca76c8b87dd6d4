import { tenth } from '../../workflows/charts/format.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import type {
  QuantizationAwareRecord,
  QuantizationAwareRow,
} from '../../workflows/records/quantization_aware_record.ts';
import { FROZEN } from '../../workflows/train/quantization_aware_options.ts';

const HEADER = [
  'network',
  'from',
  'batch norms',
  'seed',
  'float',
  'untrained',
  'trained',
  'agree: untrained',
  'trained',
  'seen images agree: untrained',
  'trained',
  'steps',
  'processor seconds',
];

/** What training in the executor's integers makes of published networks, on images that were not seen and on those that were. */
export function quantizationAwarePart(record: QuantizationAwareRecord): string {
  const { rows, environment, date } = record;
  const [{ float, untrained, training }] = rows;
  const table = markdownTable(HEADER, rows.map(cellsOf), 3);
  const losses = rows.map((row) => lossOf(row));
  return [
    table,
    `Right of ${float.heldOut.images} photographs of ImageNet that were neither trained nor calibrated on, in percent, and how often the first class is that of the float network, on these and on the ${float.trained.images} that were trained on. Untrained is the recipe \`${untrained.recipe}\`; trained with ranges ${training.ranges}, at a learning rate of ${training.learningRate} in batches of ${training.batchSize}. Trained TF8 is ${spanOf(losses)} points below float. ${environment.processor}, ${environment.threads} threads, ${date}.`,
  ].join('\n\n');
}

function cellsOf(row: QuantizationAwareRow): string[] {
  const { network, seed, float, untrained, after, training } = row;
  return [
    network,
    training.quantization,
    training.batchNorms ?? FROZEN,
    String(seed),
    ...[
      float.heldOut.top1Percent,
      untrained.heldOut.top1Percent,
      after.heldOut.top1Percent,
      untrained.heldOut.agreementPercent,
      after.heldOut.agreementPercent,
      untrained.trained.agreementPercent,
      after.trained.agreementPercent,
    ].map(tenth),
    String(training.steps),
    training.processorSeconds.toFixed(0),
  ];
}

/** In points, of images that were not seen. */
function lossOf({ float, after }: QuantizationAwareRow): number {
  return float.heldOut.top1Percent - after.heldOut.top1Percent;
}

/** "1.0", or "−1.0 to 2.0" of several. */
function spanOf(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map(tenth);
  return least === most ? least : `${least} to ${most}`;
}
