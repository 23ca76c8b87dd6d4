import { z } from 'zod';
import { environmentSchema } from './environment.ts';

const finite = z.number();
/** In [0, 1]. */
const share = z.number().min(0).max(1);
const percent = z.number().min(0).max(100);
const count = z.int().min(0);

const spread = z.strictObject({ min: finite, median: finite, max: finite });

/** A layer's depthwise weights as quantized with one range; levels, zeros and noise are of its live channels. */
const weights = z.strictObject({
  min: finite,
  max: finite,
  /** The real value of one step of the 255. */
  scale: z.number().positive(),
  /** Levels that the median live channel spans, in [1, 256]. */
  medianLevels: z.number().min(1).max(256),
  zeroShare: share,
  /** Of all live channels together, and of the median one alone. */
  sqnrDb: finite,
  medianChannelDb: finite,
});

/** Least and greatest folded weight of each channel. */
const channelRanges = z.array(z.strictObject({ min: finite, max: finite }));

/** What is measured of a trained network, by `npm run bench:explain`. */
export const explainRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  environment: environmentSchema,
  /** A public checkpoint. */
  network: z.string(),
  weightsSha256: z.string(),
  /** The depthwise layers in order, folded. */
  depthwise: z.array(
    z.strictObject({
      layer: z.string(),
      channels: count,
      /** Channels of zero variance. */
      dead: count,
      /** γ/√(σ² + ε) of all channels, and of those whose variance is not 0. */
      alpha: spread,
      liveAlpha: spread,
      asPublished: weights,
      option1: weights,
    }),
  ),
  firstDepthwise: z.strictObject({
    layer: z.string(),
    /** The channels of zero variance. */
    dead: z.array(count),
    /** By channel. */
    alpha: z.array(finite),
    variance: z.array(z.number().min(0)),
    asPublished: channelRanges,
    option1: channelRanges,
  }),
  /** Absent where there was no folder of photographs. */
  photographs: z
    .strictObject({
      /** Top-1 on images that did not calibrate. */
      accuracy: z.strictObject({
        images: z.int().min(1),
        floatTop1Percent: percent,
        asPublishedTop1Percent: percent,
        option1Top1Percent: percent,
      }),
      /** Images, among those, whose layers were compared. */
      images: z.int().min(1),
      calibrationImages: z.int().min(1),
      seed: count,
      /** The data set's fingerprint. */
      data: z.string(),
      kernelTier: z.string(),
      /** Channels of zero variance, and how many of them got an input other than 0 on any image. */
      dead: count,
      deadWithInput: count,
      /** Every weighted layer in order: its output in TF8 against float, in dB, the mean over the images. */
      layers: z.array(
        z.strictObject({ layer: z.string(), asPublishedDb: finite, option1Db: finite }),
      ),
      /** What ReLU6 clips, by layer. */
      relu6: z.array(
        z.strictObject({
          layer: z.string(),
          depthwise: z.boolean(),
          /** Share of the outputs that would be greater than 6. */
          clippedShare: share,
          /** Share of the sum of squares that the clip takes away, of what ReLU would leave. */
          clippedEnergy: share,
          /** The greatest output without the clip. */
          max: finite,
        }),
      ),
    })
    .exactOptional(),
  /** Trained networks beside each other: the range of their (folded) depthwise weights. */
  trained: z.array(
    z.strictObject({
      /** What the page calls it. */
      name: z.string(),
      weightsSha256: z.string(),
      layers: z.array(
        z.strictObject({
          layer: z.string(),
          min: finite,
          max: finite,
          /** Levels that the median channel spans. */
          medianLevels: z.number().min(1).max(256),
        }),
      ),
    }),
  ),
});

export type ExplainRecord = z.infer<typeof explainRecordSchema>;
