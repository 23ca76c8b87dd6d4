import { z } from 'zod';
import { MIN_INCEPTION_RESOLUTION } from '../../architectures/inception_v3_layers.ts';
import type { NetworkConfig } from '../../architectures/network.ts';
import { VARIANTS, variantNamed } from '../../architectures/variants.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');

/** The network's outputs, the background included where it has one. */
const classes = z.int().min(2);

const architectureSchema = z.discriminatedUnion('network', [
  z.object({
    network: z.literal('mobilenet_v1'),
    variant: z.enum(VARIANTS.map(({ name }) => name)),
    widthMultiplier: z.number().positive(),
    resolution: z.int().min(32),
    classes,
  }),
  z.object({
    network: z.literal('inception_v3'),
    /** 1 where it is not there. */
    widthMultiplier: z.number().positive().exactOptional(),
    resolution: z.int().min(MIN_INCEPTION_RESOLUTION),
    classes,
  }),
]);

const modelCardFields = z.object({
  architecture: architectureSchema,
  /** Name of the data set that the classes belong to. */
  dataset: z.string().min(1),
  /** Names of the data set's classes in index order, without the background; empty where unknown. */
  classNames: z.array(z.string()),
  /** Outputs before the data set's first class: 1 where output 0 is the background. */
  labelOffset: z.int().min(0),
  origin: z.object({
    /** What the weights are, or were trained from. */
    source: z.string().min(1),
    /** How they came here. */
    route: z.string().min(1),
    /** Hash of what they were made from. */
    sha256,
  }),
  /** SHA-256 of the model's weight data, as its manifest lists it. */
  weightsSha256: sha256,
  /** How the weights were trained, in the trainer's terms. */
  training: z.record(z.string(), z.json()).exactOptional(),
});

/** What is known of a stored model beyond its layers. */
export const modelCardSchema = modelCardFields.refine(
  ({ classNames, labelOffset, architecture }) =>
    classNames.length === 0 || classNames.length === architecture.classes - labelOffset,
  { path: ['classNames'], error: 'expected none, or one name for each class but the background' },
);

/** What is stored beside the weights of a model, and read back whole.
 * @interface
 */
export type ModelCard = z.infer<typeof modelCardSchema>;

/** What a card says of a network. */
export function architectureOf(config: NetworkConfig): ModelCard['architecture'] {
  if (config.network === 'mobilenet_v1') return { ...config, variant: config.variant.name };
  const { network, resolution, classes, widthMultiplier } = config;
  return {
    network,
    ...(widthMultiplier !== undefined && { widthMultiplier }),
    resolution,
    classes,
  };
}

/** The network that a card speaks of: the inverse of `architectureOf`. */
export function configOf(architecture: ModelCard['architecture']): NetworkConfig {
  if (architecture.network !== 'mobilenet_v1') return architecture;
  return { ...architecture, variant: variantNamed(architecture.variant) };
}
