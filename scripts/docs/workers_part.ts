import { markdownTable } from '../../workflows/records/markdown_table.ts';
import type { WorkersRecord } from '../../workflows/records/workers_record.ts';
import { exchangeMs } from '../../workflows/reproduce/elsewhere.ts';

const WORKERS = [2, 4, 8, 64];
const GIGABITS_PER_SECOND = [10, 100];

/** What the sum of a step costs: on paper by the network between machines, measured between processes. */
export function workersPart({ workers, exchanges, environment, date }: WorkersRecord): string {
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
  ].join('\n\n');
}

function megabytes(floats: number): string {
  return ((4 * floats) / 1e6).toPrecision(2);
}
