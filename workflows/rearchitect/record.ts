import { existsSync } from 'node:fs';
import { z } from 'zod';
import { VARIANTS } from '../../architectures/variants.ts';
import type { ModelCard } from '../../checkpoints/store/model_card.ts';
import { verifyModelFolder } from '../../checkpoints/store/model_store.ts';

/** All that decides what a reconstruction comes out as. */
const requestSchema = z.object({
  /** Of the original's weights; where they are, where no card knows it. */
  originalSha256: z.string(),
  /** The original's output for the background was left out. */
  withoutBackground: z.boolean(),
  variant: z.enum(VARIANTS.map(({ name }) => name)),
  dataSha256: z.string(),
  /** Images of the training split, and how many of them are held out for a validation. */
  trainingImages: z.int().min(1),
  validationImages: z.int().min(0),
  /** To fit on. */
  requestedImages: z.int().min(1),
  /** Which layers, as `LayerChoice` in JSON. */
  choice: z.string().default('{}'),
  seed: z.int().min(0),
});

export type RearchitectureRequest = z.infer<typeof requestSchema>;

const reconstructionSchema = z.object({
  /** Images that it was fitted on, and images that could not be read. */
  images: z.int().min(1),
  skipped: z.int().min(0),
  seconds: z.number().min(0),
  layers: z.array(
    z.object({
      layer: z.string(),
      /** Share of the variance of the original's linear output, on held-out images; null without it. */
      unexplainedVariance: z.number().min(0).nullable(),
      /** Strength of the penalty relative to the mean variance of the layer's features. */
      lambda: z.number().min(0),
      /** Constant channels of the depthwise layer before it, which were removed. */
      deadChannels: z.int().min(0),
      /** Positions it was fitted on, and channels that it reads. */
      positions: z.int().min(1),
      features: z.int().min(1),
    }),
  ),
});

/** What was done last, without a change of the network's function. */
const finishSchema = z.object({
  /** Layers after which channels were scaled, and those after which ReLU6 forbids it. */
  equalization: z.object({ layers: z.array(z.string()), skipped: z.array(z.string()) }),
  /** Layers whose mean outputs, on so many images, went into what follows. */
  centring: z.object({ layers: z.array(z.string()), images: z.int().min(1) }),
});

/** What the card of a rebuilt network tells under `training`. */
const recordSchema = requestSchema.extend({
  reconstruction: reconstructionSchema,
  /** Absent before a retraining. */
  equalization: finishSchema.shape.equalization.exactOptional(),
  centring: finishSchema.shape.centring.exactOptional(),
});

export type RearchitectureRecord = z.infer<typeof recordSchema>;
export type ReconstructionRecord = z.infer<typeof reconstructionSchema>;
export type FinishRecord = z.infer<typeof finishSchema>;

/** What was done last to the network of this card; undefined where that is still to be done. */
export function finishIn({ training }: ModelCard): FinishRecord | undefined {
  return finishSchema.safeParse(training?.rearchitecture).data;
}

/** What the model in `dir` says of itself, where it is the reconstruction that is asked for. */
export async function recordedIn(
  dir: string,
  request: RearchitectureRequest,
): Promise<{ readonly card: ModelCard; readonly record: RearchitectureRecord } | undefined> {
  if (!existsSync(dir)) return undefined;
  const card = await verifyModelFolder(dir).catch(() => undefined);
  const parsed = recordSchema.safeParse(card?.training);
  if (card === undefined || !parsed.success) return undefined;
  const isSame = Object.entries(request).every(
    ([key, value]) => parsed.data[key as keyof RearchitectureRequest] === value,
  );
  return isSame ? { card, record: parsed.data } : undefined;
}
