import { z } from 'zod';
import { environmentSchema } from './environment.ts';

const finite = z.number();
const count = z.int().min(1);
const percent = z.number().min(0).max(100);

/** Against the float network, on the same images. */
const outcome = {
  top1Percent: percent,
  /** Images for which the likeliest class is that of the float network. */
  agreementPercent: percent,
  /** SQNR of the logits in dB, the mean over the images. */
  logitsDb: finite,
};

/** A network of which a part is in 8 bits, and the rest in float. */
const simulated = z.strictObject({
  /** What becomes of batch-norm channels of zero variance: "mean" is Option 1. */
  zeroVariance: z.enum(['keep', 'mean']),
  /**
   * One range a layer (asymmetric, as TF8), or one a channel (symmetric, as LiteRT and ONNX Runtime): of
   * all layers, or of the depthwise ones alone.
   */
  weights: z.enum(['float', 'tensor', 'depthwise-channel', 'channel']),
  /** In float, or one range a tensor. */
  activations: z.enum(['float', 'tensor']),
  calibrationImages: count,
  ...outcome,
});

const network = z.strictObject({
  /** What the page calls it. */
  name: z.string(),
  weightsSha256: z.string(),
  dataset: z.string(),
  /** The data set's fingerprint. */
  data: z.string(),
  /** That were measured; none of them calibrated. */
  images: count,
  floatTop1Percent: percent,
  /** In float, without the activation behind the depthwise layers; absent where there is none. */
  linearDepthwiseTop1Percent: percent.exactOptional(),
  /** As `tf8` runs it, in integers: what the simulation must come out like. */
  integers: z.array(
    z.strictObject({
      zeroVariance: z.enum(['keep', 'mean']),
      calibrationImages: count,
      ...outcome,
    }),
  ),
  simulated: z.array(simulated).min(1),
});

/** The folded weights [kh · kw] of one depthwise channel. */
const channel = z.strictObject({ channel: z.int().min(0), weights: z.array(finite).min(1) });

/** What one range for all channels costs, measured by `npm run bench:granularity`. */
export const granularityRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  /** What repeats it; DIR and MODEL stand for places on the machine. */
  command: z.string(),
  environment: environmentSchema,
  seed: z.int().min(0),
  kernelTier: z.string(),
  /** Of the published network's first depthwise layer. */
  channels: z.strictObject({
    layer: z.string(),
    /** Of the whole layer's weights. */
    min: finite,
    max: finite,
    /** The channel that reaches furthest, and the live one of median range. */
    widest: channel,
    median: channel,
  }),
  /** The published one first. */
  networks: z.array(network).min(1),
});

export type GranularityRecord = z.infer<typeof granularityRecordSchema>;
