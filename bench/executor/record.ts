import { z } from 'zod';
import { environmentSchema } from '../../workflows/records/environment.ts';
import { processorKindSchema } from '../../workflows/records/processor_kind.ts';

/** The network whose record pages show first. */
export const NETWORK = 'mobilenet_v1_1.0_224';

const milliseconds = z.number().positive();
const count = z.int().min(1);

/** A network in somebody's hands, called in one way. */
const rowSchema = z.strictObject({
  /** "tf8 native avx2", "LiteRT uint8" */
  name: z.string(),
  threads: count,
  /** Images of a call. */
  batch: count,
  /** Of one call, all images of the batch: the median over all calls. */
  latencyMs: milliseconds,
  fastestMs: milliseconds,
  calls: count,
});

/** Their latency by ours: above 1 ours is faster. null where one of the two was not measured. */
const ratio = z.number().positive().nullable();

const ratiosSchema = z.strictObject({
  /** On 1 thread, batch 1, … */
  nativeToLiteRtUint8: ratio,
  nativeToOrtUint8: ratio,
  nativeToLiteRtInt8: ratio,
  wasmToTfjsWasm: ratio,
  /** … of ONNX Runtime Web on bytes. */
  wasmToOrtWasm: ratio,
  /** Native: 1 thread by 2 threads, batch 1. */
  nativeTwoThreads: ratio,
});

const peerSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** Share of the images whose likeliest class is that of the float network. */
  top1Agreement: z.number().min(0).max(1),
  /** Pearson's, of its logits with those of the float network, the mean over the images. */
  logitsCorrelation: z.number().min(-1).max(1),
  /** Of XNNPACK, where LiteRT computes the rest by kernels of its own. */
  parts: z.int().min(2).exactOptional(),
  /** Whether it runs a file that tf8 exported. */
  isOurExport: z.literal(true).exactOptional(),
});

const leftOutSchema = z.strictObject({ name: z.string(), reason: z.string() });

/** One image on one thread. */
const profileSchema = z.strictObject({
  name: z.string(),
  /** What the tier's multiplying instruction reaches in registers. */
  peakGmacPerSecond: z.number().positive(),
  layers: z.array(
    z.strictObject({
      layer: z.string(),
      op: z.string(),
      milliseconds: z.number().min(0),
      /** Multiply-accumulates. */
      macs: z.int().min(0),
    }),
  ),
});

/** How long one image takes, by `npm run bench:executor`. */
export const executorRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  /** Of the processor: records of several kinds are kept. */
  kind: processorKindSchema,
  environment: environmentSchema,
  /** A public checkpoint. */
  network: z.string(),
  /** Of a network's name, not of a checkpoint's: from Laplace's distribution. */
  hasRandomWeights: z.literal(true).exactOptional(),
  /** What the images are. */
  content: z.string(),
  images: count,
  rounds: count,
  secondsPerTurn: z.number().positive(),
  rows: z.array(rowSchema),
  ratios: ratiosSchema,
  peers: z.array(peerSchema),
  leftOut: z.array(leftOutSchema),
  profiles: z.array(profileSchema),
});

export type ExecutorRecord = Readonly<z.infer<typeof executorRecordSchema>>;
export type ExecutorRow = Readonly<z.infer<typeof rowSchema>>;
export type Ratios = Readonly<z.infer<typeof ratiosSchema>>;
export type PeerRecord = Readonly<z.infer<typeof peerSchema>>;
export type LeftOut = Readonly<z.infer<typeof leftOutSchema>>;
export type LayerProfile = Readonly<z.infer<typeof profileSchema>>;
