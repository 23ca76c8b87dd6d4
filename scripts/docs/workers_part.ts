import { markdownTable } from '../../workflows/records/markdown_table.ts';
import type { WorkersRecord } from '../../workflows/records/workers_record.ts';
import { exchangeMs } from '../../workflows/reproduce/elsewhere.ts';

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
    `Measured between ${workers} processes of one machine, copies in and out of JavaScript included, which a step does not make: processor time of each process ${measured.join(', ')} (${processor}, ${threads} threads, ${date}).`,
    ...stepSentence(record),
    ...inputSentence(record),
  ].join('\n\n');
}

/** What workers cost beside one process, in processor time, which is time where cores are shared. */
function stepSentence({ workers, step }: WorkersRecord): string[] {
  if (step === undefined) return [];
  const { widthMultiplier, resolution, batch, aloneMs, togetherMs } = step;
  const share = (100 * aloneMs) / togetherMs;
  return [
    `A step on ${batch} images of ${resolution} × ${resolution} pixels by a MobileNetV1 of width ${widthMultiplier} takes one process ${aloneMs.toFixed(0)} ms of processor time and ${workers} workers ${togetherMs.toFixed(0)} ms together: on cores that they share they are ${share.toFixed(0)} % as fast.`,
  ];
}

/** What a core takes for a photograph, and what that means for the workers that it feeds. */
function inputSentence({ input }: WorkersRecord): string[] {
  if (input === undefined) return [];
  const { photograph, resolution, cropsMs, cropsCachedMs, inputMs, inputCachedMs } = input;
  const rate = (ms: number) => (1000 / ms).toFixed(0);
  return [
    `A core prepares ${rate(cropsMs)} photographs a second (${photograph}) for a training at ${resolution} × ${resolution} pixels with random crops, ${rate(cropsCachedMs)} with their pixels in the cache; ${rate(inputMs)} for an evaluation, ${rate(inputCachedMs)} with the network's inputs in the cache. Below that rate the step limits, above it the input.`,
  ];
}

function megabytes(floats: number): string {
  return ((4 * floats) / 1e6).toPrecision(2);
}
