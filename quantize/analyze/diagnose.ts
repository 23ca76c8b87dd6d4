import { adviceFor } from './advice.ts';
import type {
  Analysis,
  Cost,
  Finding,
  FindingCause,
  LayerAnalysis,
  TensorAnalysis,
} from './analysis.ts';
import { blownUpChannels } from './blown_up_channels.ts';
import { noiseToSignal } from './decibels.ts';
import { stretchBy } from './weight_analysis.ts';

/**
 * A fault whose sign is plain (dead channels, a range that something stretches or that values leave)
 * is named from this cost on: noise of a thousandth of the logits' energy, 30 dB, where 0 to 3 % of
 * the images change their first class (README.md has the measurement).
 */
const PLAIN_FAULT = 1e-3;

/** Steps that are coarse without any such sign are named from here on: 23 dB, 2 to 4.5 % of the images. */
const COARSE = 5e-3;

/** Channels count as stretching a range that would be half as wide without them, or less. */
const STRETCH = 2;

/** Inputs that are joined count as uneven where the steps of one are this many times those of another, or more. */
const UNEVEN = 4;

/**
 * A range is too wide where its values fill less of it than this, which takes two bits from them; it
 * is named from a noise of 50 dB on, since nothing is lost by mending it.
 */
const IN_USE = 0.25;
const TOO_WIDE = 1e-5;

/** ReLU6 is named where it takes a hundredth of the energy (20 dB) or more. */
const CLIPPED = 1e-2;

/** An accumulator is at risk where less than this is left of int32. */
const HEADROOM_BITS = 1;

/** A finding before the costs of all layers are known. */
type Sign = Omit<Finding, 'cost' | 'advice'> & { readonly cost: number };

/**
 * Names what costs a TF8 network its accuracy: the costliest cause first, by all its layers together,
 * since one remedy serves them all; of its layers the costliest first. Empty for a healthy network.
 */
export function diagnose(
  input: Analysis['input'],
  layers: readonly LayerAnalysis[],
): readonly Finding[] {
  const pooled = pooledCosts(layers);
  const scales = new Map(
    [{ name: input.name, output: input }, ...layers].map(
      ({ name, output }) => [name, output.quantization.scale] as const,
    ),
  );
  const signs = [
    ...inputSigns(input, pooled),
    ...layers.flatMap((layer) => layerSigns(layer, pooled, scales)),
  ];
  const totals = new Map<FindingCause, number>();
  for (const { cause, cost } of signs) totals.set(cause, (totals.get(cause) ?? 0) + cost);
  const costOf = ({ cause, cost }: Sign): Cost => ({ layer: cost, cause: totals.get(cause)! });
  return signs
    .map(
      (sign): Finding => ({
        ...sign,
        cost: costOf(sign),
        // No calibration moves the range of the input.
        advice: adviceFor(sign.layer === input.name ? 'inputQuantization' : sign.cause, layers),
      }),
    )
    .sort(
      (a, b) =>
        b.cost.cause - a.cost.cause ||
        a.cause.localeCompare(b.cause) ||
        b.cost.layer - a.cost.layer ||
        sizeOf(b) - sizeOf(a),
    );
}

/** Of two findings that cost nothing, the one whose layer loses more to its cause. */
function sizeOf({ evidence }: Finding): number {
  return evidence.clippedEnergyShare ?? 0;
}

/** What the rounding of pools costs, by the tensor whose range they keep (eq. 6). */
function pooledCosts(layers: readonly LayerAnalysis[]): ReadonlyMap<string, number> {
  const owners = new Map<string, string>();
  const costs = new Map<string, number>();
  for (const { name, op, inputs, logits } of layers) {
    if (!isPool(op)) continue;
    const owner = owners.get(inputs[0]) ?? inputs[0];
    owners.set(name, owner);
    costs.set(owner, (costs.get(owner) ?? 0) + noiseToSignal(logits.onlyOutput));
  }
  return costs;
}

function isPool(op: LayerAnalysis['op']): boolean {
  const pools = ['averagePool2d', 'maxPool2d', 'globalAveragePool'];
  return [...pools, 'rearrange', 'resize', 'maximum', 'minimum'].includes(op);
}

function inputSigns(input: Analysis['input'], pooled: ReadonlyMap<string, number>): Sign[] {
  const cost = noiseToSignal(input.logitsDb) + (pooled.get(input.name) ?? 0);
  const share = roundingShare(input.roundingDb, input.saturationDb);
  return tensorSigns(input.name, input, cost, share, 'inputQuantization');
}

function layerSigns(
  layer: LayerAnalysis,
  pooled: ReadonlyMap<string, number>,
  scales: ReadonlyMap<string, number>,
): Sign[] {
  const { name, op, output, logits, causes } = layer;
  const uneven = unevenSign(layer, scales);
  const cost = noiseToSignal(logits.onlyOutput) + (pooled.get(name) ?? 0);
  return [
    ...weightSigns(layer),
    ...(uneven === undefined ? [] : [uneven]),
    ...(isPool(op)
      ? []
      : tensorSigns(
          name,
          output,
          cost - (uneven?.cost ?? 0),
          roundingShare(causes.activationRequantization, causes.saturation),
          'activationRequantization',
        )),
    ...clippingSigns(layer),
    ...overflowSigns(layer),
  ];
}

/**
 * A sum has one grid, as coarse as its coarsest input needs: with all inputs on the steps of the finest,
 * which are r times smaller, 1 − 1/r² of the noise of its rounding would go.
 */
function unevenSign(
  { name, op, inputs, logits, causes }: LayerAnalysis,
  scales: ReadonlyMap<string, number>,
): Sign | undefined {
  if (op !== 'add' && op !== 'subtract' && op !== 'concat') return undefined;
  const steps = inputs.flatMap((input) => scales.get(input) ?? []);
  const [finest, coarsest] = [Math.min(...steps), Math.max(...steps)];
  const ratio = coarsest / finest;
  const share = roundingShare(causes.activationRequantization, causes.saturation);
  const cost = noiseToSignal(logits.onlyOutput) * share * (1 - 1 / ratio ** 2);
  if (steps.length < 2 || ratio < UNEVEN || cost < PLAIN_FAULT) return undefined;
  return {
    layer: name,
    cause: 'unevenInputs',
    cost,
    explanation:
      `Its inputs have steps of ${figure(finest)} and ${figure(coarsest)}, ${figure(ratio)} times as coarse: ` +
      'on the one grid of the result the finer input keeps few of its levels.',
    evidence: {
      finestStep: finest,
      coarsestStep: coarsest,
      ratio,
      logitsSqnrDb: logits.onlyOutput,
    },
  };
}

/** Of a tensor's noise, by the energies of what is rounded and what saturates. */
function roundingShare(roundingDb: number, saturationDb: number): number {
  const [rounded, saturated] = [noiseToSignal(roundingDb), noiseToSignal(saturationDb)];
  return rounded + saturated === 0 ? 0 : rounded / (rounded + saturated);
}

/**
 * Noise of rounding grows with the square of the step: of a range that is s times wider than without
 * some channels, 1 − 1/s² of the noise goes with them.
 */
function weightSigns(layer: LayerAnalysis): Sign[] {
  const { name, logits, causes, weights } = layer;
  if (weights === undefined) return [];
  const { channels, range, sqnrDb } = weights;
  const cost = noiseToSignal(logits.onlyWeights);
  const { channels: dead, largestAlpha, medianAlpha } = blownUpChannels(layer);
  const deadStretch = stretchBy(channels, dead);
  const rest = cost / deadStretch ** 2;
  const wide = channels.wideChannels.filter((channel) => !dead.includes(channel));
  const wideStretch = stretchBy(channels, [...dead, ...wide]) / deadStretch;
  const left = wideStretch >= STRETCH ? rest / wideStretch ** 2 : rest;
  const evidence = {
    logitsSqnrDb: logits.onlyWeights,
    layerSqnrDb: causes.weightQuantization,
    weightsSqnrDb: sqnrDb,
    rangeMin: range.min,
    rangeMax: range.max,
    medianLevels: channels.medianLevels,
  };
  const signs: Sign[] = [];
  if (cost - rest >= PLAIN_FAULT) {
    signs.push({
      layer: name,
      cause: 'deadChannels',
      cost: cost - rest,
      explanation:
        `${count(dead.length, 'channel')} of zero variance ${dead.length === 1 ? 'has' : 'have'} α up to ${figure(largestAlpha)} ` +
        `(median of the others ${figure(medianAlpha)}) and make${dead.length === 1 ? 's' : ''} the range of the weights ` +
        `${figure(deadStretch)} times wider: the median live channel has ${figure(channels.medianLevels)} of 256 levels.`,
      evidence: {
        ...evidence,
        blownUpChannels: dead.length,
        largestAlpha,
        medianAlpha,
        stretch: deadStretch,
      },
    });
  }
  if (rest - left >= PLAIN_FAULT) {
    signs.push({
      layer: name,
      cause: 'weightRange',
      cost: rest - left,
      explanation:
        `${count(wide.length, 'channel')} far outside the others' range ${wide.length === 1 ? 'makes' : 'make'} that of the layer's weights ` +
        `${figure(wideStretch)} times wider: the median channel has ${figure(channels.medianLevels)} of 256 levels.`,
      evidence: { ...evidence, wideChannels: wide.length, stretch: wideStretch },
    });
  }
  if (left >= COARSE) {
    signs.push({
      layer: name,
      cause: 'weightQuantization',
      cost: left,
      explanation:
        `One range for all channels leaves the median channel ${figure(channels.medianLevels)} of 256 levels: ` +
        `the layer's output keeps ${figure(causes.weightQuantization)} dB, the logits ${figure(logits.onlyWeights)} dB.`,
      evidence,
    });
  }
  return signs;
}

/** @param share of the tensor's noise that rounding makes; the rest is saturation */
function tensorSigns(
  name: string,
  { observed, representable, rangeInUse, histogram }: TensorAnalysis,
  cost: number,
  share: number,
  coarse: 'activationRequantization' | 'inputQuantization',
): Sign[] {
  const evidence = {
    observedMin: observed.min,
    observedMax: observed.max,
    rangeMin: representable.min,
    rangeMax: representable.max,
    rangeInUse,
    outsideShare: histogram.below + histogram.above,
  };
  const rounding = cost * share;
  const saturation = cost - rounding;
  // A range as wide as its values would leave rangeInUse² of the noise.
  const tooWide = rangeInUse < IN_USE ? rounding * (1 - rangeInUse ** 2) : 0;
  const signs: Sign[] = [];
  if (saturation >= PLAIN_FAULT) {
    signs.push({
      layer: name,
      cause: 'saturation',
      cost: saturation,
      explanation:
        `${percent(evidence.outsideShare)} of the values lie outside the range ${span(representable)}: ` +
        `they run over ${span(observed)}.`,
      evidence,
    });
  }
  if (tooWide >= TOO_WIDE) {
    signs.push({
      layer: name,
      cause: 'rangeTooWide',
      cost: tooWide,
      explanation:
        `The values run over ${span(observed)}, ${percent(rangeInUse)} of the range ${span(representable)}: ` +
        `steps are ${figure(1 / rangeInUse)} times coarser than they need to be.`,
      evidence,
    });
  }
  if (rounding - tooWide >= COARSE) {
    signs.push({
      layer: name,
      cause: coarse,
      cost: rounding - tooWide,
      explanation: `255 steps over ${span(representable)} are coarse for most of its values: the logits keep ${figure(-10 * Math.log10(cost))} dB.`,
      evidence,
    });
  }
  return signs;
}

function clippingSigns({ name, causes, relu6 }: LayerAnalysis): Sign[] {
  const clippedEnergyShare = noiseToSignal(causes.relu6Clipping);
  if (relu6 === undefined || clippedEnergyShare < CLIPPED) return [];
  return [
    {
      layer: name,
      cause: 'relu6Clipping',
      cost: 0,
      explanation:
        `ReLU6 cuts ${percent(relu6.clippedShare)} of the outputs, which reach ${figure(relu6.linearMax)}: ` +
        `an error of ${percent(clippedEnergyShare)} of ReLU's energy, which the float network makes too.`,
      evidence: {
        clippedEnergyShare,
        clippedShare: relu6.clippedShare,
        linearMax: relu6.linearMax,
        clippingSqnrDb: causes.relu6Clipping,
      },
    },
  ];
}

function overflowSigns({ name, weights }: LayerAnalysis): Sign[] {
  if (weights === undefined || weights.accumulator.headroomBits >= HEADROOM_BITS) return [];
  const { bound, headroomBits, biasMax, biasChannel } = weights.accumulator;
  return [
    {
      layer: name,
      cause: 'overflowRisk',
      cost: 0,
      explanation: `The accumulator may reach ${bound}, ${figure(headroomBits)} bits below the end of int32; the bias of channel ${biasChannel} alone is ${biasMax}.`,
      evidence: { bound, headroomBits, biasMax, biasChannel },
    },
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Three significant digits. */
function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

function span({ min, max }: { readonly min: number; readonly max: number }): string {
  return `[${figure(min)}, ${figure(max)}]`;
}
