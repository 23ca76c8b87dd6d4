import { networkNamed, type VariantNetworkName } from '../../architectures/registry.ts';
import {
  FRIENDLY,
  NO_DEPTHWISE_BN,
  RELU,
  STANDARD,
  type VariantName,
  variantNamed,
} from '../../architectures/variants.ts';
import { PUBLIC_CHECKPOINTS } from '../../checkpoints/public/public_checkpoints.ts';
import { UserError } from '../../foundation/errors.ts';
import {
  AS_PUBLISHED,
  BEST,
  OPTION_1,
  type Recipe as Quantization,
} from '../../quantize/convert/recipe.ts';
import type { TrainedNetwork } from '../train/trained_network.ts';
import { option } from '../wording.ts';
import type { NetworkPlan, RowPlan } from './network_plan.ts';
import { PAPER } from './paper_table.ts';
import { quantizationAwareInWords, rearchitectureInWords, trainingInWords } from './plan_words.ts';
import type { Preset, TableNetworkName, TableNetworks, Training } from './preset.ts';
import type { PublishedModels } from './published_models.ts';
import { OPTION_1_TITLE, PAPERS_NETWORK, plainRow, withoutTrainingTitle } from './row_titles.ts';
import { asWay } from './way_rows.ts';

/** Of the published networks that tables start from. */
const PUBLISHED_WIDTH = 1;

/** What is published of a network is trained at this width and resolution. */
export function publishedShape(network: VariantNetworkName) {
  const { resolution } = networkNamed(network);
  const shape = { network, variant: STANDARD, widthMultiplier: PUBLISHED_WIDTH } as const;
  return { network: shape, resolution };
}

/**
 * The published weights of a network: its own rows, and the start of the retrained ones.
 * @throws UserError where there are none
 */
function publishedModel(network: VariantNetworkName): string {
  const { resolution } = networkNamed(network);
  const found = PUBLIC_CHECKPOINTS.find(
    (one) =>
      one.network === network &&
      one.widthMultiplier === PUBLISHED_WIDTH &&
      one.resolution === resolution,
  );
  if (found !== undefined) return found.name;
  throw new UserError(`Expected published weights of ${network} but tf8 knows none`, {
    remedy: `Pass a model as ${option('published')}.`,
  });
}

type PublishedPlan = Extract<NetworkPlan, { kind: 'published' }>;

export interface TablePlanOptions {
  readonly preset: Preset;
  readonly seeds: readonly number[];
  /** What stands for published networks; `publishedModel` unless given. */
  readonly published?: PublishedModels;
  /** Whether rows of the published network on ImageNet come first. */
  readonly withPublishedRows: boolean;
  /** Of the row of the standard network that is quantized without training; the best one unless given. */
  readonly quantization?: Quantization | undefined;
  /** Images there are to train and fit on, for the recipes in words; as many as are asked for unless given. */
  readonly trainImages?: number | undefined;
}

/** The rows of a table in their order: of ways, those of one network after those of the other. */
export function planRows(options: TablePlanOptions): readonly RowPlan[] {
  const { preset, trainImages } = options;
  const { families } = preset;
  if (families === undefined) return rowsOfNetwork(options);
  return families.flatMap((network) => {
    const rows = rowsOfNetwork({ ...options, preset: { ...preset, network } });
    return rows.map((row) => asWay(row, network, trainImages));
  });
}

function rowsOfNetwork(options: TablePlanOptions): readonly RowPlan[] {
  const { withPublishedRows, preset, quantization, seeds } = options;
  const { network = PAPERS_NETWORK } = preset;
  const published = options.published?.get(network) ?? publishedModel(network);
  const plan = { kind: 'published', network, model: published } as const;
  return [
    ...(withPublishedRows ? publishedRows(plan, seeds[0], quantization) : []),
    ...tableRows(options, published),
  ];
}

/** Networks that a plan needs to be trained on this machine. */
export function needsTraining({ networks }: RowPlan): boolean {
  return networks.some(({ plan }) => plan.kind !== 'published');
}

/** The published networks that rows measure or start from, each once. */
export function publishedPlans(rows: readonly RowPlan[]): readonly PublishedPlan[] {
  const plans = rows.flatMap(({ networks }) => networks.flatMap(({ plan }) => startOf(plan)));
  return [...new Map(plans.map((plan) => [plan.model, plan])).values()];
}

/** Nothing where it starts from random weights. */
function startOf(plan: NetworkPlan): readonly PublishedPlan[] {
  switch (plan.kind) {
    case 'published':
      return [plan];
    case 'trained': {
      const { from, network } = plan;
      return from === undefined || !('variant' in network)
        ? []
        : [{ kind: 'published', network: network.network, model: from }];
    }
    case 'rearchitected':
    case 'quantization-aware':
      return startOf(plan.original);
  }
}

function publishedRows(
  plan: PublishedPlan,
  seed: number,
  quantization: Quantization = BEST,
): RowPlan[] {
  const row = {
    data: 'published' as const,
    recipe: 'published weights',
    networks: [{ seed, plan }],
  };
  const paper = (figures: RowPlan['paper']) =>
    plan.network === PAPERS_NETWORK && figures !== undefined && { paper: figures };
  return [
    {
      ...row,
      row: 'published',
      network: 'as published',
      quantization: AS_PUBLISHED,
      ...paper(PAPER.published),
    },
    {
      ...row,
      row: 'published-option-1',
      network: 'as published, Option 1',
      quantization: OPTION_1,
      ...paper(PAPER.option1),
    },
    {
      ...row,
      row: 'published-best',
      network: `as published, ${withoutTrainingTitle(quantization)}`,
      quantization,
    },
  ];
}

/** @param published what stands for the published network */
function tableRows(options: TablePlanOptions, published: string): RowPlan[] {
  const { preset, seeds, quantization = BEST, trainImages = Infinity } = options;
  const { networks, network: family = PAPERS_NETWORK, widthMultiplier } = preset;
  const rowOf = (name: TableNetworkName) => plainRow(name, family);
  const rearchitected = (name: RearchitectedName): RowPlan[] =>
    rearchitectedRows(name, { networks, standard: standard[0], family, trainImages });
  const trained = (name: TableNetworkName, training: Training | undefined): RowPlan[] => {
    if (training === undefined) return [];
    const used = seeds.slice(0, training.seeds);
    return [
      {
        ...rowOf(name),
        recipe: trainingInWords(training, trainImages),
        networks: used.map((seed) => ({ seed, plan: trainedPlan(name, training, seed) })),
      },
    ];
  };
  const trainedPlan = (name: TableNetworkName, training: Training, seed: number): NetworkPlan => ({
    kind: 'trained',
    name,
    network: networkOf(name, family, widthMultiplier),
    recipe: training.recipe,
    ...(training.imagesPerEpoch !== undefined && { imagesPerEpoch: training.imagesPerEpoch }),
    ...(training.start === 'published' && { from: published }),
    seed,
  });
  const standard: RowPlan[] =
    networks.standard === 'as-published'
      ? [
          {
            ...rowOf('standard'),
            recipe: 'published weights',
            networks: seeds.map((seed) => ({
              seed,
              plan: { kind: 'published', network: family, model: published },
            })),
          },
        ]
      : trained('standard', networks.standard);
  const friendly = rearchitected('friendly-rearchitected');
  return [
    ...trained('inception-v3', networks['inception-v3']),
    ...standard.flatMap((row) => [row, option1(row), withoutTraining(row, quantization)]),
    ...trained('no-depthwise-bn', networks['no-depthwise-bn']),
    ...trained('relu', networks.relu),
    ...trained('friendly', networks.friendly),
    ...rearchitected('no-depthwise-bn-rearchitected'),
    ...rearchitected('relu-rearchitected'),
    ...friendly,
    ...quantizationAwareRows('quantization-aware', standard[0], options),
    ...quantizationAwareRows('friendly-quantization-aware', friendly[0], options),
  ];
}

function option1(standard: RowPlan): RowPlan {
  return {
    ...standard,
    row: 'option-1',
    network: OPTION_1_TITLE,
    quantization: OPTION_1,
    ...(standard.paper && { paper: PAPER.option1 }),
    recipe: 'the standard network, quantized otherwise',
  };
}

/** What quantization alone makes of it: the paper has no figures for that. */
function withoutTraining({ paper: _, ...standard }: RowPlan, quantization: Quantization): RowPlan {
  return {
    ...standard,
    row: 'best',
    network: `standard, ${withoutTrainingTitle(quantization)}`,
    quantization,
    recipe: 'the standard network, quantized otherwise',
  };
}

const REARCHITECTED = {
  'no-depthwise-bn-rearchitected': NO_DEPTHWISE_BN,
  'relu-rearchitected': RELU,
  'friendly-rearchitected': FRIENDLY,
} as const;

type RearchitectedName = keyof typeof REARCHITECTED;

/** @throws UserError where there is no standard network to start from */
function rearchitectedRows(
  name: RearchitectedName,
  {
    networks,
    standard,
    family,
    trainImages,
  }: {
    readonly networks: TableNetworks;
    readonly standard: RowPlan | undefined;
    readonly family: VariantNetworkName;
    readonly trainImages: number;
  },
): RowPlan[] {
  const { [name]: rearchitecture } = networks;
  const variant = REARCHITECTED[name];
  if (rearchitecture === undefined) return [];
  if (standard === undefined) {
    throw new UserError('Expected a standard network to re-architect but the table has none', {
      remedy: 'Ask for the row of the standard network too.',
    });
  }
  return [
    {
      ...plainRow(name, family),
      recipe: rearchitectureInWords(rearchitecture, trainImages),
      networks: standard.networks.map(({ seed, plan: original }) => ({
        seed,
        plan: { kind: 'rearchitected', name, variant, original, ...rearchitecture, seed },
      })),
    },
  ];
}

/** The variant of the network that each starts from. */
const IN_INTEGERS = {
  'quantization-aware': 'standard',
  'friendly-quantization-aware': 'friendly',
} as const;

/** @throws UserError where there is no network to start from */
function quantizationAwareRows(
  name: keyof typeof IN_INTEGERS,
  start: RowPlan | undefined,
  { preset, trainImages = Infinity }: TablePlanOptions,
): RowPlan[] {
  const { networks, network: family = PAPERS_NETWORK, calibrationImages } = preset;
  const { [name]: training } = networks;
  if (training === undefined) return [];
  if (start === undefined) {
    throw new UserError(
      `Expected a network to train quantization-aware but the table has none for ${name}`,
      { remedy: 'Ask for the row of the network that it starts from too.' },
    );
  }
  return [
    {
      ...plainRow(name, family),
      recipe: quantizationAwareInWords(training, IN_INTEGERS[name], trainImages),
      networks: start.networks.map(({ seed, plan: original }) => ({
        seed,
        plan: {
          kind: 'quantization-aware',
          name,
          original,
          ...training,
          calibrationImages,
          seed,
        },
      })),
    },
  ];
}

function networkOf(
  name: TableNetworkName,
  network: VariantNetworkName,
  widthMultiplier: number,
): TrainedNetwork {
  if (name === 'inception-v3') return { network: 'inception_v3', widthMultiplier };
  return { network, variant: variantNamed(name as VariantName), widthMultiplier };
}
