import { describeRoute } from '../../foundation/downloads/route.ts';
import { formatAmount } from '../../foundation/reporting/amounts.ts';
import { SET_UP } from '../../foundation/repository.ts';
import { oneDnnInWords, ratesInWords } from '../../training/one_dnn/one_dnn_choice.ts';
import type { Trial } from '../../training/one_dnn/trials.ts';
import { kernelsName } from '../../workflows/open/kernels_used.ts';
import type { DoctorReport, TierFinding } from './examine.ts';
import { gpusInWords } from './gpus.ts';

type Row = readonly [name: string, value: string];

/** The report for a person: aligned rows, then what to do. */
export function showReport(report: DoctorReport): string {
  const rows: Row[] = [
    ['Node', `${report.node.version} (${report.node.platform})`],
    ...report.tools.map(({ name, version, use }): Row => [name, version ?? `not found (${use})`]),
    ['processor', `${report.processor.model}, ${report.processor.cores} cores`],
    ['features', features(report)],
    ['memory', `${(report.processor.memoryBytes / 1e9).toFixed(1)} GB`],
    ['tfjs-node', tfjsNode(report)],
    ['GPU', gpusInWords(report.gpus, report.tfjsNode.route)],
    [
      'workers',
      report.workers
        ? 'several can train together'
        : `only one can train: the addon for several was not compiled ("${SET_UP}" does)`,
    ],
    ['oneDNN', oneDnn(report)],
    ...report.oneDnn.trials.map((trial): Row => ['', trialInWords(trial)]),
    ...report.tiers.map((finding): Row => [`kernels: ${kernelsName(finding)}`, tier(finding)]),
    ['WASM SIMD', report.wasmSimd ? 'supported' : 'not supported by this Node'],
    ['sharp', sharp(report)],
    ['cache', `${report.cache.folder} (${formatAmount(report.cache.bytes, 'bytes')})`],
    ...report.cache.artifacts.map(
      ({ name, bytes, route }): Row => [
        '',
        `${name}, ${formatAmount(bytes, 'bytes')}, by ${describeRoute(route)}${route.kind === 'url' ? '' : ' (a package that contains it)'}`,
      ],
    ),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  return [...table, '', ...advice(report)].join('\n');
}

function features({ processor }: DoctorReport): string {
  if (processor.features === undefined) return 'unknown: this system does not say';
  return processor.features.length > 0 ? processor.features.join(', ') : 'none of those looked for';
}

function tier({ state, chosen, reason, limitation }: TierFinding): string {
  if (state === 'passed') {
    const parts = ['self-test passed', ...(chosen ? ['taken by --tier auto'] : [])];
    return [...parts, ...(limitation === undefined ? [] : [limitation])].join('; ');
  }
  return state === 'failed' ? `self-test failed: ${reason}` : `not available: ${reason}`;
}

function tfjsNode({ tfjsNode: found }: DoctorReport): string {
  if (!found.loads) return `does not load: ${found.error}`;
  const binding = found.binding === null ? '' : `, binding ${found.binding}`;
  const route =
    found.route === 'found'
      ? 'was there already (not installed by the set-up)'
      : `route: ${found.route}`;
  return `works, libtensorflow ${found.libtensorflow}, ${route}${binding}`;
}

function oneDnn({ oneDnn: choice }: DoctorReport): string {
  const tried = choice.reason === 'noVnni' ? '; long trainings try both' : '';
  return `${oneDnnInWords(choice)}${tried}`;
}

function trialInWords({ network = 'a network', ...rates }: Trial): string {
  return `${network}: ${rates.on >= rates.off ? 'on' : 'off'}, ${ratesInWords(rates)}`;
}

function sharp({ sharp: found }: DoctorReport): string {
  return 'error' in found
    ? `does not load: ${found.error}`
    : `${found.version}, libvips ${found.libvips}`;
}

function advice({ problems, tfjsNode: { loads, failures } }: DoctorReport): string[] {
  if (problems.length === 0) return ['Everything works.'];
  const lines = problems.flatMap(({ what, remedy }) => [what, `  → ${remedy}`]);
  if (loads || failures.length === 0) return lines;
  const tried = failures.map(({ route, reason }) => `  - ${route}: ${reason}`);
  return [...lines, 'What the set-up tried for tfjs-node:', ...tried];
}
