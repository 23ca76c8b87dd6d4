import { z } from 'zod';
import { environmentSchema } from './environment.ts';

const count = z.int().min(0);

const opened = z.strictObject({
  name: z.string(),
  package: z.string(),
  version: z.string(),
  operations: count,
  /** Operations of its file that no float graph holds, by kind; empty where there are none. */
  unread: z.string(),
  macs: count,
  /** Of the part that TF8 runs in integers. */
  integerMacs: count,
  /** In TF8 against float; absent where the images that it takes are not made here. */
  outputs: z
    .array(
      z.strictObject({ name: z.string(), sqnrDb: z.union([z.number(), z.literal('lossless')]) }),
    )
    .exactOptional(),
  /** Of its float graph against the program that it is of; absent as `outputs`. */
  float: z
    .strictObject({
      /** That program, with its version. */
      runtime: z.string(),
      /** The most that a value is off, of its output's range. */
      relativeDifference: z.number().min(0),
    })
    .exactOptional(),
  /** Of all layers in every kernel tier against the reference, which is the last; absent as `outputs`. */
  tiers: z
    .strictObject({ tiers: z.array(z.string()), bytes: count, differing: count })
    .exactOptional(),
  /** Of all layers and outputs of its export, in LiteRT; absent as `outputs`. */
  litert: z.strictObject({ bytes: count, differing: count }).exactOptional(),
  /**
   * The same of its export to ONNX, in ONNX Runtime, with the most by which a byte is off; or why there is none.
   * Absent as `outputs`, and where it was not asked for.
   */
  onnxRuntime: z
    .union([
      z.strictObject({ bytes: count, differing: count, most: count }),
      z.strictObject({ reason: z.string() }),
    ])
    .exactOptional(),
  /** Of one image on one thread, medians of calls in turns; absent as `onnxRuntime`, or where a runtime takes none of it. */
  milliseconds: z
    .strictObject({
      tf8: z.number().positive(),
      liteRt: z.number().positive().exactOptional(),
      onnxRuntime: z.number().positive().exactOptional(),
    })
    .exactOptional(),
  /** Why those are absent. */
  reason: z.string().exactOptional(),
});

const refused = z.strictObject({
  name: z.string(),
  package: z.string(),
  version: z.string(),
  /** How the message begins. */
  refused: z.string(),
});

/** Public models of other people in TF8, by `npm run bench:models`. */
export const modelsRecordSchema = z.strictObject({
  /** Day of the measurement, ISO 8601. */
  date: z.iso.date(),
  environment: environmentSchema,
  /** The fingerprint of the images. */
  data: z.string(),
  /** That calibrated, and were measured. */
  images: count,
  /** Of these, that LiteRT ran. */
  litertImages: count,
  opened: z.array(opened),
  /** Names of the others that open. */
  unmeasured: z.array(z.string()),
  refused: z.array(refused),
});

/** @interface */
export type ModelsRecord = Readonly<z.infer<typeof modelsRecordSchema>>;
