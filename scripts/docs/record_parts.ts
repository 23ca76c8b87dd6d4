import { formatSeconds } from '../../foundation/reporting/amounts.ts';
import { tenth } from '../../workflows/charts/format.ts';
import type { AccuracyRow } from '../../workflows/records/accuracy_row.ts';
import { accuracyTable } from '../../workflows/records/accuracy_table.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { wasShared } from '../../workflows/records/published_runs.ts';
import type { PublishedTable } from '../../workflows/records/run_record.ts';
import { modelsPart } from './models_part.ts';
import type { PageRecords } from './records.ts';
import { listed, madeAlike, spreadSentence, spreadTable } from './spread.ts';

const NOT_MEASURED = '*Not measured yet.*';

/** Parts of pages that are sentences rather than whole tables of bench/results, by name. */
export function recordParts(records: PageRecords): ReadonlyMap<string, string> {
  const { quick, quickElsewhere, table } = records;
  const quickRuns = quick ? [quick, ...quickElsewhere] : quickElsewhere;
  return new Map([
    ['hook', hook(records)],
    ['models', records.models ? modelsPart(records.models) : NOT_MEASURED],
    ['published', publishedNetworks(records)],
    [
      'quick',
      quick
        ? [accuracyTable(quick.rows), timesOf(quickRuns), spreadSentence(quickRuns)]
            .filter((part) => part !== '')
            .join('\n\n')
        : NOT_MEASURED,
    ],
    ['time-fashion-mnist-quick', quick ? timesOf(quickRuns) : NOT_MEASURED],
    ['spread-fashion-mnist-quick', quick ? spreadTable(quickRuns) : NOT_MEASURED],
    ['time-cifar10-standard', table ? timesOf([table]) : NOT_MEASURED],
  ]);
}

/** What plain 8 bits cost a published network, and what tf8 gives back. */
function hook({ explain, table }: PageRecords): string {
  const accuracy = explain?.photographs?.accuracy;
  const friendly = table?.rows.find(({ row }) => row === 'friendly-rearchitected');
  const standard = table?.rows.find(({ row }) => row === 'standard');
  if (!explain || !accuracy || !friendly || !standard) return NOT_MEASURED;
  const { images, floatTop1Percent, asPublishedTop1Percent, option1Top1Percent } = accuracy;
  return [
    `On ${images} photographs of ImageNet the published \`${explain.network}\` is right for`,
    `${tenth(floatTop1Percent)} % in float and for ${tenth(asPublishedTop1Percent)} % in plain per-tensor 8 bits: ` +
      `**${tenth(floatTop1Percent - asPublishedTop1Percent)} points lost**.`,
    `tf8 gets ${tenth(option1Top1Percent)} % out of the same weights, without training. A MobileNet that it`,
    `rebuilds and retrains loses **${tenth(friendly.lossPoints)} points** where the standard one loses ${tenth(standard.lossPoints)}`,
    `(${datasetOf(friendly)}; ${tenth(friendly.tf8Top1Percent)} % and ${tenth(standard.tf8Top1Percent)} % in 8 bits).`,
  ].join('\n');
}

/** Accuracies of published networks, as they come. */
function publishedNetworks({ published }: PageRecords): string {
  if (published === undefined) return NOT_MEASURED;
  const rows = published.networks.map(({ name, images, floatTop1Percent, tf8Top1Percent }) => [
    name,
    String(images),
    tenth(floatTop1Percent),
    tenth(tf8Top1Percent),
    tenth(floatTop1Percent - tf8Top1Percent),
  ]);
  const table = markdownTable(['published network', 'images', 'float', 'TF8', 'loss'], rows, 1);
  return `${table}\n\nTop-1 in percent, on photographs of ImageNet; ${published.calibrationImages} others calibrate. The networks are taken as they come.`;
}

function datasetOf({ dataset, perSeed }: AccuracyRow): string {
  const name = dataset === 'cifar10' ? 'CIFAR-10' : dataset;
  return `${name}, ${perSeed.length} ${perSeed.length === 1 ? 'seed' : 'seeds'}`;
}

/** What all rows of a table took on each machine, whenever that was. */
function timesOf(runs: readonly PublishedTable[]): string {
  const times = madeAlike(runs).map((run) => {
    const { timing, environment, kernelTier } = run;
    const seconds = Object.values(timing.rows).reduce(
      (sum, { trainingSeconds = 0, measuringSeconds }) => sum + trainingSeconds + measuringSeconds,
      0,
    );
    const { processor, threads } = environment;
    return `${formatSeconds(seconds)} (${processor}, ${threads} threads, ${kernelTier} kernels${wasShared(run) ? ', beside other programs' : ''})`;
  });
  return `Making and measuring these networks took ${listed(times)}.`;
}
