import { markdownTable } from '../records/markdown_table.ts';
import type { CostEstimate } from './cost.ts';
import { ASSUMED, type TimeElsewhere, type Workers } from './elsewhere.ts';

/** An estimate as a table by row, its total, and the machine that it holds for. */
export function costReport({ rows, seconds, environment, ...estimate }: CostEstimate): string {
  const { whole, wholeSeconds, elsewhere } = estimate;
  const wholeTitle = whole && `${whole.trainImages.toLocaleString('en-US')} images`;
  const table = markdownTable(
    ['network', 'networks to make', 'making', 'measuring', ...(wholeTitle ? [wholeTitle] : [])],
    rows.map((row) => [
      row.network,
      String(row.networksToMake),
      inWords(row.makingSeconds),
      inWords(row.measuringSeconds),
      ...(wholeTitle ? [inWords(row.wholeSeconds ?? 0)] : []),
    ]),
    1,
  );
  const { processor, threads, backend } = environment;
  return [
    table,
    '',
    `About ${inWords(seconds)} in all${whole && wholeSeconds !== undefined ? `; with the whole data set (${whole.trainImages.toLocaleString('en-US')} training images, ${whole.testImages.toLocaleString('en-US')} measured) about ${inWords(wholeSeconds)}` : ''}.`,
    `From rates measured now on this machine (${processor}, ${threads} threads, ${backend}): the estimate holds for it alone, with nothing else running.`,
    ...(elsewhere === undefined ? [] : ['', 'The trainings alone:', '', elsewhereTable(elsewhere)]),
  ].join('\n');
}

/** What trainings take on other machines, and what is assumed. */
function elsewhereTable(times: readonly TimeElsewhere[]): string {
  const { gigabitsPerSecond, gpuBytesPerSecond, decodedPerCore } = ASSUMED;
  const rows = times.map((time) => [workersInWords(time), ...elsewhereCells(time)]);
  return [
    markdownTable(['by', ...ELSEWHERE_TITLES], rows, 1),
    '',
    `On paper: machines like this one, whose sums go over ${gigabitsPerSecond} Gbit/s; GPUs whose memory gives ${gpuBytesPerSecond / 1e12} TB/s, half of which a step gets; a core decodes ${decodedPerCore} photographs a second: with fewer cores for GPUs the input limits.`,
  ].join('\n');
}

/** Of the columns of `elsewhereCells`. */
export const ELSEWHERE_TITLES = ['time', '', 'efficiency', 'limits', 'cores that decode'];

/** What is told of trainings on other machines, but by whom. */
export function elsewhereCells(time: TimeElsewhere): string[] {
  const { seconds, basis, efficiency, limit, decodingCores } = time;
  return [
    inWords(seconds),
    basis,
    `${(100 * efficiency).toFixed(0)} %`,
    limit,
    decodingCores === undefined ? '–' : String(decodingCores),
  ];
}

/** "8 machines" */
function workersInWords({ workers, device }: Workers): string {
  if (device === 'gpu') return workers === 1 ? '1 GPU' : `${workers} GPUs`;
  return workers === 1 ? '1 machine' : `${workers} machines`;
}

/** "40 s", "12 min", "3.2 h", "57 days": two digits are more than an estimate can tell. */
export function inWords(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${(seconds / 3600).toFixed(1)} h`;
  return `${Math.round(seconds / 86400)} days`;
}
