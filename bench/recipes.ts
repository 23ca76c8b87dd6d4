/**
 * What recipes of quantization make of published networks, over several subsets of calibration images: a page
 * of docs/. `npm run bench:recipes -- --help` lists the options.
 */
import { join } from 'node:path';
import { UserError } from '../foundation/errors.ts';
import { NNCF, pythonEnvironment } from '../foundation/python/python_environment.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { repositoryRoot } from '../foundation/repository.ts';
import { BEST, RECIPES, type Recipe } from '../quantize/convert/recipe.ts';
import { requireTensorFlow } from '../training/backend.ts';
import { FLOAT_ROW } from '../workflows/compare/compare_options.ts';
import { recorded } from '../workflows/records/analysis_record.ts';
import { environment } from '../workflows/records/environment.ts';
import {
  type RecipePeer,
  type RecipePiece,
  type RecipesRecord,
  recipesRecordSchema,
} from '../workflows/records/recipes_record.ts';
import { MEASURING_VERSION } from '../workflows/records/versions.ts';
import { EarlierRecord } from './recipes/earlier_record.ts';
import { MeasuredNetwork } from './recipes/measured_network.ts';
import { type PeerFiles, quantizeByNncf } from './recipes/nncf.ts';
import type { Piece } from './recipes/piece.ts';
import { PieceStore } from './recipes/pieces.ts';
import { countFrom, namedModel, runRecordedBench, valuesOf } from './run_bench.ts';

const RESULT = join(import.meta.dirname, 'results', 'recipes.json');
const STORE = 'runs/bench-recipes';
const SEED = 0;

/** Numbers of calibration images of a curve, of the best recipe alone. */
const CURVE = [5, 10, 25, 50];

const HELP = `Usage: npm run bench:recipes -- --imagenet DIR --network NAME=MODEL [OPTIONS]

Prints as JSON what recipes of quantization make of published networks: each subset of the images
calibrates in turn, and the images of the others are measured. What was measured is kept in ${STORE},
piece by piece, and taken up by the next call: interrupt it, or let it work for a while at a time.
What bench/results/recipes.json has of the same images and weights is taken up as well.

  --imagenet DIR        ImageNet, as folders or TFRecords
  --network NAME=MODEL  a network and what the table calls it; may be given several times
  --subset-images 100   images of a subset
  --subsets 5           subsets that the images are divided into
  --recipes a,b         recipes that are measured now, all unless given; what was measured of others is
                        printed as well
  --until-subset N      subsets that are measured now: the first N
  --minutes N           begins no measurement after so many minutes; 0 prints what there is
  --store DIR           where measurements are kept; ${STORE} unless given
  --curve               measures the best recipe with ${CURVE.join(', ')} images as well
  --peers               measures what NNCF makes of the float networks, in a private Python, as well
  --record              stores the figures as bench/results/recipes.json, for "npm run docs"
`;

interface Options {
  readonly imagenet: string;
  readonly networks: readonly { readonly name: string; readonly model: string }[];
  readonly subsetImages: number;
  readonly subsets: number;
  readonly recipes: readonly string[] | undefined;
  readonly untilSubset: number;
  readonly minutes: number;
  readonly curve: boolean;
  readonly peers: boolean;
  readonly store: string;
}

interface Row {
  readonly recipe: Recipe | undefined;
  readonly calibrationImages: number;
}

async function measure(options: Options, context: Context): Promise<RecipesRecord> {
  const backend = await requireTensorFlow('The bench of recipes');
  const end = performance.now() + 60_000 * options.minutes;
  const networks: MeasuredNetwork[] = [];
  try {
    const where = await environment(backend);
    const { commit } = where;
    for (const { name, model } of options.networks) {
      const network = { ...options, seed: SEED, name, model, commit };
      networks.push(await MeasuredNetwork.open(network, context));
    }
    const { fingerprint: data } = networks[0].dataset;
    const { subsetImages, subsets } = options;
    const conditions = { data, seed: SEED, subsetImages, subsets, backend: backend.version };
    const earlier = await EarlierRecord.open(RESULT, conditions);
    const store = new PieceStore(options.store, conditions, earlier, context);
    const rows = rowsOf(subsetImages);
    await measurePieces(networks, rows, { store, options, end }, context);
    const python = options.peers ? await pythonEnvironment(NNCF, context) : undefined;
    const collected = new Map(earlier.networks.map((network) => [network.name, network]));
    for (const network of networks) {
      const rowsOfIt = await collect(network, rows, { subsets, store, earlier });
      const peers = earlier.network(networkOf(network))?.peers ?? [];
      if (python !== undefined) {
        const [peer] = peers;
        const untilSubset = options.untilSubset;
        const measured = await measureNncf(network, { python, peer, untilSubset }, context);
        collected.set(network.name, { ...rowsOfIt, peers: [measured] });
      } else collected.set(network.name, { ...rowsOfIt, ...(peers.length > 0 && { peers }) });
    }
    const record = {
      date: new Date().toISOString().slice(0, 10),
      environment: where,
      version: MEASURING_VERSION,
      data,
      seed: SEED,
      subsetImages,
      subsets,
      networks: [...collected.values()],
    };
    recipesRecordSchema.parse(recorded(record));
    return recorded(record) as RecipesRecord;
  } finally {
    for (const network of networks) network[Symbol.dispose]();
  }
}

/** The float network, every recipe, and the best of fewer images. */
function rowsOf(subsetImages: number): readonly Row[] {
  return [
    { recipe: undefined, calibrationImages: 0 },
    ...RECIPES.map((recipe) => ({ recipe, calibrationImages: subsetImages })),
    ...CURVE.filter((images) => images < subsetImages).map((calibrationImages) => ({
      recipe: BEST,
      calibrationImages,
    })),
  ];
}

interface Measuring {
  readonly store: PieceStore;
  readonly options: Options;
  /** Of `performance.now()`: no piece is begun later. */
  readonly end: number;
}

/** Subset by subset, network by network. */
async function measurePieces(
  networks: readonly MeasuredNetwork[],
  rows: readonly Row[],
  { store, options, end }: Measuring,
  { signal, reporter }: Context,
): Promise<void> {
  const { recipes, curve, subsetImages, untilSubset } = options;
  const wanted = rows.filter(
    ({ recipe, calibrationImages }) =>
      (recipes === undefined || recipes.includes(recipe?.name ?? FLOAT_ROW)) &&
      (curve || recipe === undefined || calibrationImages === subsetImages),
  );
  for (let subset = 0; subset < untilSubset; subset++) {
    for (const network of networks) {
      for (const row of wanted) {
        signal.throwIfAborted();
        if (performance.now() >= end) return;
        const piece = pieceOf(network, row, subset);
        if ((await store.find(piece)) !== undefined) continue;
        const found = await network.measure(piece);
        await store.keep(piece, found);
        reporter.info(`${network.name}, subset ${subset}: ${row.recipe?.name ?? FLOAT_ROW}`);
      }
    }
  }
}

function pieceOf(network: MeasuredNetwork, row: Row, subset: number): Piece {
  return { ...networkOf(network), ...row, subset };
}

function networkOf({ name, weightsSha256 }: MeasuredNetwork) {
  return { network: name, weightsSha256 };
}

interface NncfOptions {
  readonly python: string;
  /** What was measured before. */
  readonly peer: RecipePeer | undefined;
  readonly untilSubset: number;
}

/** What NNCF makes of a network with the subsets that were not measured yet, and with the others. */
async function measureNncf(
  network: MeasuredNetwork,
  { python, peer, untilSubset }: NncfOptions,
  { signal }: Context,
): Promise<RecipePeer> {
  const perSubset = [...(peer?.perSubset ?? [])];
  let versions = peer?.versions ?? {};
  for (let subset = 0; subset < untilSubset; subset++) {
    if (perSubset.some((piece) => piece.subset === subset)) continue;
    const program = (files: PeerFiles) => quantizeByNncf(python, files, signal);
    const { piece, work } = await network.measurePeer(subset, program);
    perSubset.push(piece);
    ({ versions } = work);
  }
  return { program: 'NNCF', versions, perSubset };
}

interface Collecting {
  readonly subsets: number;
  readonly store: PieceStore;
  readonly earlier: EarlierRecord;
}

/** All that was measured of a network, now or before. */
async function collect(
  network: MeasuredNetwork,
  rows: readonly Row[],
  { subsets, store, earlier }: Collecting,
): Promise<RecipesRecord['networks'][number]> {
  const { name, weightsSha256 } = network;
  const collected: RecipesRecord['networks'][number]['rows'] = [];
  const others = (earlier.network({ network: name, weightsSha256 })?.rows ?? [])
    .map(({ knobs, calibrationImages }) => ({ recipe: knobs, calibrationImages }))
    .filter((row) => !rows.some((known) => isSameRow(known, row)));
  for (const row of [...rows, ...others]) {
    const perSubset: RecipePiece[] = [];
    for (let subset = 0; subset < subsets; subset++) {
      const found = await store.find(pieceOf(network, row, subset));
      if (found !== undefined) perSubset.push(found);
    }
    if (perSubset.length === 0) continue;
    const { recipe, calibrationImages } = row;
    collected.push({
      recipe: recipe?.name ?? FLOAT_ROW,
      calibrationImages,
      ...(recipe !== undefined && { knobs: recipe }),
      perSubset,
    });
  }
  return { name, weightsSha256, rows: collected };
}

function isSameRow(a: Row, b: Row): boolean {
  return a.recipe?.name === b.recipe?.name && a.calibrationImages === b.calibrationImages;
}

function parse() {
  return valuesOf(
    {
      imagenet: { type: 'string' },
      network: { type: 'string', multiple: true, default: [] },
      'subset-images': { type: 'string', default: '100' },
      subsets: { type: 'string', default: '5' },
      recipes: { type: 'string' },
      'until-subset': { type: 'string' },
      minutes: { type: 'string' },
      curve: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      store: { type: 'string', default: join(repositoryRoot(), STORE) },
      record: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    HELP,
  );
}

function optionsFrom(values: Omit<ReturnType<typeof parse>, 'help' | 'record'>): Options {
  const { imagenet, network, curve, peers } = values;
  if (imagenet === undefined || network.length === 0) {
    throw new UserError('Expected --imagenet and at least one --network but one is missing', {
      remedy: HELP,
    });
  }
  const subsets = countFrom('--subsets', values.subsets);
  return {
    imagenet,
    networks: network.map((pair) => namedModel('--network', pair)),
    subsetImages: countFrom('--subset-images', values['subset-images']),
    subsets,
    recipes: values.recipes?.split(',').map(knownRow),
    untilSubset: Math.min(
      subsets,
      countFrom('--until-subset', values['until-subset'] ?? values.subsets),
    ),
    minutes: minutesFrom(values.minutes),
    curve,
    peers,
    store: values.store,
  };
}

function knownRow(name: string): string {
  const known = [FLOAT_ROW, ...RECIPES.map((recipe) => recipe.name)];
  if (known.includes(name)) return name;
  throw new UserError(`Expected some of ${known.join(', ')} for --recipes but received "${name}"`);
}

function minutesFrom(text: string | undefined): number {
  if (text === undefined) return Infinity;
  return text === '0' ? 0 : countFrom('--minutes', text);
}

await runRecordedBench({
  help: HELP,
  result: RESULT,
  parse,
  measure: (values, context) => measure(optionsFrom(values), context),
});
