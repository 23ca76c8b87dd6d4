import { markdownTable } from '../../workflows/records/markdown_table.ts';
import type { WorkersRecord } from '../../workflows/records/workers_record.ts';
import { depthwiseGradientShare, exchangeMs } from '../../workflows/reproduce/elsewhere.ts';
import { IMAGENET_TRAINING } from './scale_cost_part.ts';

const WORKERS = [2, 4, 8, 64];
const GIGABITS_PER_SECOND = [10, 100];

/** What the sum of a step costs: on paper by the network between machines, measured between processes. */
export function workersPart(record: WorkersRecord): string {
  const { workers, exchanges, environment, date } = record;
  const [{ network, floats }] = exchanges;
  const table = markdownTable(
    ['workers', ...GIGABITS_PER_SECOND.map((rate) => `${rate} Gbit/s`)],
    WORKERS.map((count) => [
      String(count),
      ...GIGABITS_PER_SECOND.map((rate) => `${exchangeMs(floats, count, rate).toPrecision(2)} ms`),
    ]),
    1,
  );
  const measured = exchanges.map(
    (exchange) =>
      `${exchange.processorMs.toFixed(0)} ms for the ${megabytes(exchange.floats)} MB of a ${exchange.network}`,
  );
  const { processor, threads } = environment;
  return [
    `A ${network} has ${(floats / 1e6).toFixed(1)} million, ${megabytes(floats)} MB. On paper, beside the step's own time:`,
    table,
    `Measured between ${workers} processes of one machine, copies in and out of JavaScript included, which a step does not make: processor time of each process ${measured.join(', ')} (${processor}, ${threads} threads, ${date}${besideOthers(record)}).`,
    ...stepSentences(record),
    ...inputSentences(record),
  ].join('\n\n');
}

/** Processor time hardly grows where others compute, but somewhat. */
function besideOthers({ load }: WorkersRecord): string {
  return load === undefined || load < 1 ? '' : `, beside other programs: a load of ${load}`;
}

/** What workers and determinism cost beside one process, in processor time: time where cores are shared. */
function stepSentences({ workers, step }: WorkersRecord): string[] {
  if (step === undefined) return [];
  const { widthMultiplier, resolution, batch, aloneMs, deterministicMs, togetherMs } = step;
  const share = (100 * aloneMs) / togetherMs;
  const more = 100 * (deterministicMs / aloneMs - 1);
  const gradients = 100 * depthwiseGradientShare(IMAGENET_TRAINING);
  return [
    `A step on ${batch} images of ${resolution} × ${resolution} pixels by a MobileNetV1 of width ${widthMultiplier} takes one process ${aloneMs.toFixed(0)} ms of processor time and ${workers} workers ${togetherMs.toFixed(0)} ms together: on cores that they share they are ${share.toFixed(0)} % as fast.`,
    `With \`--deterministic\` it takes ${deterministicMs.toFixed(0)} ms, ${more < 0 ? '' : '+'}${more.toFixed(0)} %. Of a GPU nothing was measured: on paper the gradients of depthwise filters, which cuDNN then computes in place of libtensorflow's own kernel, are ${gradients.toFixed(0)} % of a step of width 1 at ${IMAGENET_TRAINING.resolution} × ${IMAGENET_TRAINING.resolution}.`,
  ];
}

/** What a core takes for a photograph, and whether input, step or sum limits the workers that it feeds. */
function inputSentences({ workers, exchanges, step, input }: WorkersRecord): string[] {
  if (input === undefined) return [];
  const { photograph, resolution, cropsMs, cropsCachedMs, inputMs, inputCachedMs } = input;
  const rate = (ms: number) => (1000 / ms).toFixed(0);
  const sentences = [
    `A core prepares ${rate(cropsMs)} photographs a second (${photograph}) for a training at ${resolution} × ${resolution} pixels with random crops, ${rate(cropsCachedMs)} with their pixels in the cache; ${rate(inputMs)} for an evaluation, ${rate(inputCachedMs)} with the network's inputs in the cache.`,
  ];
  if (step === undefined) return sentences;
  const sums = workers * exchanges.at(-1)!.processorMs;
  const costs = {
    'the step': step.aloneMs,
    'the input': step.batch * cropsMs,
    'the input from the cache': step.batch * cropsCachedMs,
    'the sum': sums,
  };
  const [[most]] = Object.entries(costs).sort(([, a], [, b]) => b - a);
  const listed = Object.entries(costs).map(([what, ms]) => `${what} ${ms.toFixed(0)} ms`);
  return [
    ...sentences,
    `That small step on such photographs is limited by ${most}: of a joint batch of ${step.batch}, processor time is ${listed.join(', ')}.`,
  ];
}

function megabytes(floats: number): string {
  return ((4 * floats) / 1e6).toPrecision(2);
}
