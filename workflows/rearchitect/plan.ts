import { shapeIn } from '../../architectures/graph/float_graph.ts';
import { networkMacs } from '../../architectures/graph/float_macs.ts';
import type { FloatWeightedNode } from '../../architectures/graph/float_node.ts';
import { makerOf } from '../../architectures/graph/passes/rewrite.ts';
import { elements } from '../../architectures/graph/shape.ts';
import { RearchitectError } from '../../architectures/rearchitect/errors.ts';
import type { InputBatch } from '../../architectures/rearchitect/image_states.ts';
import { measurePairGains, type PairGain } from '../../architectures/rearchitect/pair_gains.ts';
import { passesOf } from '../../architectures/rearchitect/reconstruct.ts';
import {
  isInverted,
  type LeftAlone,
  type SeparablePair,
} from '../../architectures/rearchitect/separable_pairs.ts';
import type { Variant } from '../../architectures/variants.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { compile } from '../../training/compile/compile.ts';
import { transposedDoubleProduct } from '../../training/compile/ops/double_product.ts';
import { option } from '../wording.ts';
import { type FittingImages, fittingBatches } from './images.ts';
import { rebuildingOf } from './rebuild.ts';
import type { Original } from './source.ts';

/** Images that what each layer costs is measured on. */
const MEASURED_IMAGES = 25;

/** Which layers are rebuilt. */
export interface LayerChoice {
  /** Layers that stay as they are, by the name of the depthwise or the pointwise one. */
  readonly keep?: readonly string[] | undefined;
  /** So many layers, those that gain most in TF8; "all" of them. */
  readonly layers?: number | 'all' | undefined;
  /** As many layers as lose no more of the outputs' variance in float together, in percent. */
  readonly maxLoss?: number | undefined;
}

export interface PlannedLayer {
  readonly depthwise: string;
  readonly pointwise: string;
  /** As `PairGain` says, in percent of the outputs' variance; absent where it was not measured. */
  readonly floatLossPercent?: number;
  readonly tf8BeforePercent?: number;
  readonly tf8AfterPercent?: number;
}

/** What is going to be done. */
export interface RearchitecturePlan {
  /** The layers that are rebuilt. */
  readonly layers: readonly PlannedLayer[];
  readonly leftAlone: readonly LeftAlone[];
  readonly images: number;
  /** Over the images. */
  readonly passes: number;
  /** About. */
  readonly seconds: number;
  readonly memoryMiB: number;
}

/** The plan, and the pairs of its layers. */
interface Planned {
  readonly plan: RearchitecturePlan;
  readonly pairs: readonly SeparablePair[];
}

/**
 * Chooses the layers that are rebuilt. All of them in a chain, such as MobileNetV1, unless something else is
 * asked for; among inverted residuals, and where a number or a loss is asked for, by what each costs in float
 * and brings in TF8, measured on a few images.
 * @throws UserError for a layer that is not there; RearchitectError where none is left
 */
export async function planRearchitecture(
  original: Original,
  options: FittingImages & LayerChoice & { readonly variant: Variant },
  context: Context,
): Promise<Planned> {
  const { pairs, leftAlone } = original.separable;
  const { keep = [], layers, maxLoss } = options;
  requireLayers(original, keep);
  const isKept = ({ depthwise, pointwise }: SeparablePair) =>
    keep.includes(depthwise) || keep.includes(pointwise);
  const open = pairs.filter((pair) => !isKept(pair));
  const kept = pairs.filter(isKept).map(({ depthwise }) => left(depthwise, 'kept, as asked'));
  const isChain = !open.some((pair) => isInverted(original.folded, pair));
  const takesAll =
    layers === 'all' ||
    (typeof layers === 'number' && layers >= open.length) ||
    (layers === undefined && maxLoss === undefined && isChain);
  const gains = takesAll ? [] : await gainsOf(original, open, options, context);
  const chosen = takesAll ? open : chosenOf(gains, options);
  if (chosen.length === 0) throw nothingChosen(original, gains, options);
  if (typeof layers === 'number' && layers > open.length) {
    context.reporter.warn(
      `${option('layers', layers)} is more than the ${open.length} layers of ${original.name} that can be rebuilt: all of them are`,
    );
  }
  const dropped = open
    .filter((pair) => !chosen.includes(pair))
    .map(({ depthwise }) => left(depthwise, whyDropped(options)));
  const plan = {
    layers: chosen.map((pair) => plannedLayer(pair, gains)),
    leftAlone: [...leftAlone, ...kept, ...dropped],
    images: options.images,
    ...costOf(original, chosen, options),
  };
  return { plan, pairs: chosen };
}

function left(layer: string, reason: string): LeftAlone {
  return { layer, reason };
}

function whyDropped({ layers, maxLoss }: LayerChoice): string {
  if (typeof layers === 'number') return `others bring more in TF8, and ${layers} were asked for`;
  if (maxLoss === undefined) return 'it costs more in float than it brings in TF8';
  return `with those that cost less it passes ${maxLoss} % of the outputs' variance`;
}

function chosenOf(
  gains: readonly PairGain[],
  { layers, maxLoss }: LayerChoice,
): readonly SeparablePair[] {
  const inOrder = (taken: readonly PairGain[]) =>
    gains.filter((gain) => taken.includes(gain)).map(({ pair }) => pair);
  if (typeof layers === 'number') {
    return inOrder([...gains].sort((a, b) => gainOf(b) - gainOf(a)).slice(0, layers));
  }
  if (maxLoss === undefined) return inOrder(gains.filter((gain) => gainOf(gain) > 0));
  let loss = 0;
  const cheapest = [...gains].sort((a, b) => a.floatLoss - b.floatLoss);
  return inOrder(
    cheapest.filter(({ floatLoss }) => {
      loss += floatLoss;
      return 100 * loss <= maxLoss;
    }),
  );
}

function gainOf({ tf8Before, tf8After }: PairGain): number {
  return tf8Before - tf8After;
}

async function gainsOf(
  original: Original,
  pairs: readonly SeparablePair[],
  options: FittingImages & { readonly variant: Variant },
  { reporter, signal }: Context,
): Promise<PairGain[]> {
  const { input } = original.facts;
  const images = { ...options, images: Math.min(options.images, MEASURED_IMAGES) };
  const batches: InputBatch[] = [];
  for await (const batch of fittingBatches(images, { input, signal })) batches.push(batch);
  const progress = reporter.start('measuring what each layer costs', pairs.length, 'layers');
  try {
    return await measurePairGains({
      ...rebuildingOf(original, { pairs, variant: options.variant }),
      batches,
      compile: (run) => compile(run, { frozen: true }),
      product: transposedDoubleProduct,
      signal,
      onProgress: (done) => progress.update(done),
    });
  } finally {
    progress.end();
  }
}

function plannedLayer(pair: SeparablePair, gains: readonly PairGain[]): PlannedLayer {
  const { depthwise, pointwise } = pair;
  const gain = gains.find((one) => one.pair === pair);
  if (gain === undefined) return { depthwise, pointwise };
  const percent = (share: number) => Number((100 * share).toPrecision(3));
  return {
    depthwise,
    pointwise,
    floatLossPercent: percent(gain.floatLoss),
    tf8BeforePercent: percent(gain.tf8Before),
    tf8AfterPercent: percent(gain.tf8After),
  };
}

/** Multiply-accumulates a second: of a network that runs compiled, of sums in double, of a solution. */
const FORWARD_RATE = 2e10;
const SUM_RATE = 6e9;
const SOLVE_RATE = 6e8;
/** Reading and decoding an image. */
const IMAGE_SECONDS = 0.02;
/** Making the functions of a pass. */
const PASS_SECONDS = 0.25;
/** Of TensorFlow, the network and a batch. */
const BASE_MEMORY_MIB = 900;
const KEPT_MIB = 256;

/** About how long it takes, on two cores, and how much memory at most. */
function costOf(
  original: Original,
  pairs: readonly SeparablePair[],
  options: FittingImages & { readonly variant: Variant },
): Pick<RearchitecturePlan, 'passes' | 'seconds' | 'memoryMiB'> {
  const { folded, facts } = original;
  const { images } = options;
  const passes = passesOf(rebuildingOf(original, { ...options, pairs }));
  let work = PASS_SECONDS * passes + IMAGE_SECONDS * images;
  // Two networks, each stretch of which runs about three times before its activations are kept.
  work += (6 * images * networkMacs(folded)) / FORWARD_RATE;
  let numbers = 0;
  for (const { pointwise } of pairs) {
    const node = makerOf(folded, pointwise) as FloatWeightedNode;
    const [, , features, outputs] = node.kernelShape;
    const positions = elements(shapeIn(folded, pointwise)) / outputs;
    work += (images * positions * features * (features + outputs)) / SUM_RATE;
    work += (2 * features ** 3 + 4 * features ** 2 * outputs) / SOLVE_RATE;
    numbers = Math.max(numbers, features * (5 * features + 6 * outputs));
  }
  const kept = Math.min(KEPT_MIB, (images * 8 * elements(facts.input.shape as number[])) / 2 ** 20);
  return {
    passes,
    seconds: Math.ceil(work),
    memoryMiB: Math.round(BASE_MEMORY_MIB + 2 * kept + (8 * numbers) / 2 ** 20),
  };
}

function requireLayers({ name, separable }: Original, keep: readonly string[]): void {
  const pairs = separable.pairs.map(({ depthwise, pointwise }) => [depthwise, pointwise]);
  const names = [...pairs.flat(), ...separable.leftAlone.map(({ layer }) => layer)];
  const missing = keep.find((layer) => !names.includes(layer));
  if (missing === undefined) return;
  const shown = pairs.map(([depthwise, pointwise]) => `${depthwise} with ${pointwise}`).join(', ');
  throw new UserError(
    `Expected a depthwise or pointwise layer of ${name} to keep as it is but it has none called ${missing}`,
    { remedy: `Those that can be rebuilt are ${shown}.` },
  );
}

function nothingChosen(
  { name }: Original,
  gains: readonly PairGain[],
  { keep = [], maxLoss }: LayerChoice,
): RearchitectError {
  if (gains.length === 0) {
    return new RearchitectError(
      `Expected a layer of ${name} to rebuild but all are to be kept: ${keep.join(', ')}`,
      { remedy: `Leave some out of ${option('keep')}.` },
    );
  }
  const cheapest = gains.reduce((a, b) => (b.floatLoss < a.floatLoss ? b : a));
  const wanted =
    maxLoss === undefined
      ? 'brings more in TF8 than it costs in float'
      : `costs at most ${maxLoss} % of the outputs' variance`;
  return new RearchitectError(
    `Expected a layer of ${name} that ${wanted} but none does; ${cheapest.pair.depthwise} costs least, ${(100 * cheapest.floatLoss).toFixed(2)} % of the outputs' variance`,
    { remedy: `Say how many layers are to be rebuilt all the same: ${option('layers', 4)}.` },
  );
}

/** Below a hundredth of a percent it is what the images leave uncertain. */
function shownLoss(percent: number): string {
  return percent < 0.01 ? 'less than 0.01' : percent.toFixed(2);
}

/** The plan in sentences, for people. */
export function planInWords({
  layers,
  leftAlone,
  images,
  passes,
  seconds,
  memoryMiB,
}: RearchitecturePlan): string[] {
  const names = layers.map(({ depthwise, floatLossPercent: loss }) =>
    loss === undefined ? depthwise : `${depthwise} (${shownLoss(loss)} %)`,
  );
  const costs = layers.some(({ floatLossPercent }) => floatLossPercent !== undefined)
    ? ', each with what it alone costs of the outputs’ variance in float'
    : '';
  const reasons = [...new Set(leftAlone.map(({ reason }) => reason))];
  const alone = (why: string) => leftAlone.filter(({ reason }) => reason === why);
  return [
    `${layers.length} depthwise layers become linear${costs}: ${names.join(', ')}`,
    ...reasons.map(
      (reason) =>
        `left alone (${reason}): ${alone(reason)
          .map(({ layer }) => layer)
          .join(', ')}`,
    ),
    `${images} images, ${passes} passes, about ${seconds} s and ${memoryMiB} MiB`,
  ];
}
