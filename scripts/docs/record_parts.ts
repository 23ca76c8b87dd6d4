import { formatSeconds } from '../../foundation/reporting/amounts.ts';
import { tenth } from '../../workflows/charts/format.ts';
import type { AccuracyRow } from '../../workflows/records/accuracy_row.ts';
import { accuracyTable } from '../../workflows/records/accuracy_table.ts';
import { wasShared } from '../../workflows/records/published_runs.ts';
import type { PublishedTable } from '../../workflows/records/run_record.ts';
import { runReport } from '../../workflows/records/run_report.ts';
import { modelsPart } from './models_part.ts';
import { NOT_MEASURED } from './not_measured.ts';
import { quantizationAwarePart } from './quantization_aware_part.ts';
import { recipeAccuracies } from './recipe_parts.ts';
import type { PageRecords } from './records.ts';
import { scaleCostPart } from './scale_cost_part.ts';
import { listed, madeAlike, spreadSentence, spreadTable } from './spread.ts';
import { variantFiguresPart, variantsPart } from './variants_part.ts';
import { workersPart } from './workers_part.ts';

const WAYS_NOT_MEASURED =
  '*Not measured yet: `npx tf8 reproduce --table ways --dataset cifar10 --preset standard` measures it.*';

/** Parts of pages that are sentences rather than whole tables of bench/results, by name. */
export function recordParts(records: PageRecords): ReadonlyMap<string, string> {
  const { quick, quickElsewhere, table, tableElsewhere, ways, quantizationAware } = records;
  const quickRuns = quick ? [quick, ...quickElsewhere] : quickElsewhere;
  return new Map([
    ['hook', hook(records)],
    ['workers', records.workers ? workersPart(records.workers) : NOT_MEASURED],
    [
      'quantization-aware',
      quantizationAware ? quantizationAwarePart(quantizationAware) : NOT_MEASURED,
    ],
    ['scale-cost', scaleCostPart(records.trainings)],
    ['variants', variantsPart()],
    ['variant-figures', variantFiguresPart([table, quick])],
    ['ways', ways ? runReport(ways, ways.timing) : WAYS_NOT_MEASURED],
    ['models', records.models ? modelsPart(records.models) : NOT_MEASURED],
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
    ['spread-cifar10-standard', table ? spreadTable([table, ...tableElsewhere]) : NOT_MEASURED],
  ]);
}

/** What plain 8 bits cost a published network, and what tf8 gives back. */
function hook({ recipes, table }: PageRecords): string {
  const [first] = recipes ? recipeAccuracies(recipes) : [];
  const friendly = table?.rows.find(({ row }) => row === 'friendly-rearchitected');
  const standard = table?.rows.find(({ row }) => row === 'standard');
  if (!first || !friendly || !standard) return NOT_MEASURED;
  const { name, images, float, asPublished, best } = first;
  return [
    `On ${images} photographs of ImageNet the published ${name} is right for`,
    `${tenth(float)} % in float and for ${tenth(asPublished)} % in plain per-tensor 8 bits: ` +
      `**${tenth(float - asPublished)} points lost**.`,
    `tf8 gets **${tenth(best)} %** out of the same weights, without training. A MobileNet that it`,
    `rebuilds and retrains loses **${tenth(friendly.lossPoints)} points** where the standard one loses ${tenth(standard.lossPoints)}`,
    `(${datasetOf(friendly)}; ${tenth(friendly.tf8Top1Percent)} % and ${tenth(standard.tf8Top1Percent)} % in 8 bits).`,
  ].join('\n');
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
