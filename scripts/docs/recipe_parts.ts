import { formatSeconds } from '../../foundation/reporting/amounts.ts';
import { tenth } from '../../workflows/charts/format.ts';
import { FLOAT_ROW } from '../../workflows/compare/compare_options.ts';
import { comparedRow } from '../../workflows/compare/compared_row.ts';
import { meanLoss } from '../../workflows/records/comparison_table.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { PUBLISHED_ACCURACIES } from '../../workflows/records/published_accuracies.ts';
import type { RecipePeer, RecipesRecord } from '../../workflows/records/recipes_record.ts';
import { mean } from '../../workflows/records/statistics.ts';

type Network = RecipesRecord['networks'][number];
type Row = Network['rows'][number];

const NOT_MEASURED = '*Not measured yet: `npm run bench:recipes` measures it.*';
const UNKNOWN = '–';
const NNCF_METHOD = 'its ranges, bias correction from images';

/** Parts of docs/recipes.md and README.md, by name. */
export function recipeParts(record: RecipesRecord | undefined): ReadonlyMap<string, string> {
  return new Map([
    ['recipes-networks', record ? networkTables(record) : NOT_MEASURED],
    ['recipes-images', record ? curveTable(record) : NOT_MEASURED],
    ['recipes-published', publishedTable(record)],
    ['published', record ? accuracyTable(record) : NOT_MEASURED],
  ]);
}

/** Top-1 in percent of a published network, the mean over the subsets. */
export interface RecipeAccuracies {
  readonly name: string;
  /** Photographs of a subset's measurement. */
  readonly images: number;
  readonly float: number;
  readonly asPublished: number;
  readonly option1: number;
  readonly best: number;
}

/** Networks of which every one of the recipes was measured. */
export function recipeAccuracies(record: RecipesRecord): readonly RecipeAccuracies[] {
  return record.networks.flatMap((network) => {
    const { name, rows } = network;
    const top1Of = (recipe: string) => {
      const row = rows.find((row) => row.recipe === recipe && isWhole(row, record));
      return row === undefined ? undefined : (summed(row).top1 ?? undefined);
    };
    const [images] = rows.flatMap(({ perSubset }) => perSubset.map((piece) => piece.images));
    const float = top1Of(FLOAT_ROW);
    const asPublished = top1Of('as-published');
    const option1 = top1Of('option-1');
    const best = top1Of('best');
    if (float === undefined || asPublished === undefined) return [];
    if (option1 === undefined || best === undefined) return [];
    return [{ name, images, float, asPublished, option1, best }];
  });
}

function accuracyTable(record: RecipesRecord): string {
  const table = markdownTable(
    ['published network', 'images', 'float', 'plain 8 bits', 'Option 1', 'recipe best'],
    recipeAccuracies(record).map(({ name, images, float, asPublished, option1, best }) => [
      name,
      String(images),
      ...[float, asPublished, option1, best].map(tenth),
    ]),
    1,
  );
  return `${table}\n\nTop-1 in percent, on photographs of ImageNet; ${record.subsetImages} others calibrate, without their labels.`;
}

/** One table a network: the recipes in the order of the ladder. */
function networkTables(record: RecipesRecord): string {
  const { subsetImages, subsets, networks, environment, date } = record;
  const tables = networks.map(({ name, rows, peers = [] }) => {
    const shown = [
      ...rows.filter((row) => isWhole(row, record)),
      ...peers.map(({ perSubset, ...peer }) => ({
        recipe: titleOf(peer),
        calibrationImages: subsetImages,
        perSubset,
      })),
    ];
    const table = markdownTable(
      [
        'recipe',
        'subsets',
        'top-1 %',
        'loss, points',
        'top-5 %',
        'agreement %',
        'SQNR dB',
        'processor time',
      ],
      shown.map(cellsOf),
      1,
    );
    return `### ${name}\n\n${table}`;
  });
  const { processor, threads, backend } = environment;
  return [
    ...tables,
    `Each of up to ${subsets} disjoint subsets of ${subsetImages} photographs calibrates; the photographs of the other subsets are measured. The column "subsets" says how many were. Mean ± sample standard deviation over the subsets; the loss with its 95 % interval, of which photographs are measured and, where there are several subsets, of these. Processor time: of quantizing, all threads together. ${processor}, ${threads} threads, TensorFlow ${backend.replace(/^tensorflow /, '')}, ${date}, ${commitsOf(networks)}.`,
  ].join('\n\n');
}

/** "NNCF 3.4.0" */
function titleOf({ program, versions }: Pick<RecipePeer, 'program' | 'versions'>): string {
  return `${program} ${versions[program.toLowerCase()] ?? ''}`.trimEnd();
}

/** Of all measurements, in the order of the tables. */
function commitsOf(networks: RecipesRecord['networks']): string {
  const pieces = networks.flatMap(({ rows }) => rows.flatMap(({ perSubset }) => perSubset));
  const commits = [...new Set(pieces.map(({ commit }) => commit.slice(0, 10)))];
  return `${commits.length === 1 ? 'commit' : 'commits'} ${commits.join(', ')}`;
}

/** Whether it calibrates with a whole subset, or not at all. */
function isWhole({ recipe, calibrationImages }: Row, { subsetImages }: RecipesRecord): boolean {
  return recipe === FLOAT_ROW || calibrationImages === subsetImages;
}

/** The row with means and spread. */
function summed({ recipe, calibrationImages, perSubset }: Row) {
  return comparedRow(
    perSubset.map(
      ({ subset: _, seconds: __, processorSeconds: ___, commit: ____, ...figures }) => ({
        figures: () => figures,
      }),
    ),
    { recipe, calibrationImages },
  );
}

function cellsOf(row: Row): string[] {
  const { recipe, perSubset } = row;
  const { top1, top5, agreement, sqnrDb, spread, interval } = summed(row);
  const isFloat = recipe === FLOAT_ROW;
  return [
    recipe,
    String(perSubset.length),
    withSpread(top1, spread?.top1),
    isFloat ? UNKNOWN : withSpread(meanLoss(row), interval.loss),
    withSpread(top5, spread?.top5),
    isFloat ? UNKNOWN : withSpread(agreement, spread?.agreement),
    isFloat ? UNKNOWN : withSpread(sqnrDb, spread?.sqnrDb),
    isFloat
      ? UNKNOWN
      : formatSeconds(mean(perSubset.map(({ processorSeconds }) => processorSeconds))),
  ];
}

function withSpread(value: number | null, spread: number | null | undefined): string {
  if (value === null) return UNKNOWN;
  if (value === Infinity) return 'lossless';
  return spread === null || spread === undefined
    ? tenth(value)
    : `${tenth(value)} ± ${tenth(spread)}`;
}

/** The best recipe with fewer images. */
function curveTable({ networks, subsetImages }: RecipesRecord): string {
  const rows = networks.flatMap(({ name, rows: all }) =>
    all
      .filter(({ recipe }) => recipe === 'best')
      .toSorted((a, b) => a.calibrationImages - b.calibrationImages)
      .map((row) => {
        const { agreement, interval, sqnrDb, spread } = summed(row);
        return [
          name,
          String(row.calibrationImages),
          String(row.perSubset.length),
          withSpread(meanLoss(row), interval.loss),
          withSpread(agreement, interval.agreement),
          withSpread(sqnrDb, spread?.sqnrDb),
        ];
      }),
  );
  const table = markdownTable(
    ['network', 'images', 'subsets', 'loss, points', 'agreement %', 'SQNR dB'],
    rows,
    1,
  );
  return `${table}\n\nThe recipe best, calibrated on the first photographs of each subset of ${subsetImages}. Loss and agreement with their 95 % intervals; SQNR ± sample standard deviation over the subsets.`;
}

/** Figures of others beside ours, which are of photographs of ImageNet and not of its validation set. */
function publishedTable(record: RecipesRecord | undefined): string {
  const ours = (record?.networks ?? []).flatMap(({ name, rows }) => {
    const best = rows.find(
      (row) => row.recipe === 'best' && row.calibrationImages === record?.subsetImages,
    );
    const loss = best && meanLoss(best);
    if (best === undefined || loss === undefined || loss === null) return [];
    const { top1 } = summed(best);
    const float = top1 === null ? null : top1 + loss;
    return [[name, 'best', 'tf8, measured here', 'integers', ...[float, top1, loss].map(figure)]];
  });
  const peers = (record?.networks ?? []).flatMap(({ name, peers = [] }) =>
    peers.flatMap((peer) => {
      const { perSubset } = peer;
      const loss = meanLoss({ perSubset });
      const { top1 } = summed({ recipe: peer.program, calibrationImages: 0, perSubset });
      if (loss === null || top1 === null) return [];
      const figures = [top1 + loss, top1, loss].map(figure);
      return [[name, NNCF_METHOD, `${titleOf(peer)}, measured here`, 'simulated', ...figures]];
    }),
  );
  const theirs = PUBLISHED_ACCURACIES.map((published) => {
    const { network, method, source, arithmetic, floatTop1Percent, tf8Top1Percent } = published;
    return [
      network,
      method,
      `published: ${source}`,
      arithmetic,
      floatTop1Percent.toFixed(2),
      tf8Top1Percent.toFixed(2),
      (floatTop1Percent - tf8Top1Percent).toFixed(2),
    ];
  });
  const rows = [...ours, ...peers, ...theirs].toSorted((a, b) =>
    a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0,
  );
  return markdownTable(
    ['network', 'method', 'source', 'arithmetic', 'float', '8 bits', 'loss'],
    rows,
    4,
  );
}

function figure(value: number | null): string {
  return value === null ? UNKNOWN : tenth(value);
}
