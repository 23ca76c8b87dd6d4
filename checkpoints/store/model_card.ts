import { z } from 'zod';
import type { NetworkSizes } from '../../architectures/conv_layer.ts';
import { type NetworkConfig, networkConfig } from '../../architectures/network.ts';
import {
  hasVariants,
  NETWORK_NAMES,
  type NetworkName,
  networkNamed,
  type VariantNetworkName,
} from '../../architectures/registry.ts';
import {
  STANDARD,
  VARIANTS,
  type VariantName,
  variantNamed,
} from '../../architectures/variants.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');

/** The network's outputs, the background included where it has one. */
const classes = z.int().min(2);

const variant = z.enum(VARIANTS.map(({ name }) => name));

const mobileNetV1 = z.object({
  network: z.literal('mobilenet_v1'),
  variant,
  widthMultiplier: z.number().positive(),
  resolution: z.int().min(networkNamed('mobilenet_v1').leastResolution),
  classes,
});

const plain = <Name extends NetworkName>(network: Name) =>
  z.object({
    network: z.literal(network),
    /** 1 where it is not there. */
    widthMultiplier: z.number().positive().exactOptional(),
    resolution: z.int().min(networkNamed(network).leastResolution),
    classes,
  });

/** Another network, which its layers alone describe. */
const other = z.object({
  network: z.literal('other'),
  /** Height of its images, and their width and channels. */
  resolution: z.int().min(1),
  width: z.int().min(1),
  channels: z.int().min(1),
  /** Length of its first output. */
  classes: z.int().min(1),
});

type InvertedResiduals = Exclude<VariantNetworkName, 'mobilenet_v1'>;

const withVariants = (network: InvertedResiduals) =>
  plain(network).extend({
    /** The published one where it is not there. */
    variant: variant.exactOptional(),
    /** There where squeeze-and-excite was left out. */
    squeezeExcite: z.literal(false).exactOptional(),
  });

const others = NETWORK_NAMES.filter((name) => name !== 'mobilenet_v1');
const architectureSchema = z.discriminatedUnion('network', [
  mobileNetV1,
  ...others.filter((name): name is InvertedResiduals => hasVariants(name)).map(withVariants),
  ...others.filter((name) => !hasVariants(name)).map((name) => plain(name)),
  other,
]);

const preprocessingSchema = z.object({
  /** Part of each side that is kept, from the middle. */
  centralFraction: z.number().positive().max(1),
  /** What the darkest and the brightest pixels become. */
  range: z
    .object({
      min: z.number(),
      max: z.number(),
      /** Of each channel, where they differ. */
      channels: z.array(z.object({ min: z.number(), max: z.number() })).exactOptional(),
      /** Blue first; red first where it is not there. */
      order: z.literal('bgr').exactOptional(),
    })
    .refine(({ min, max }) => min < max, 'expected min < max'),
  /** How images are brought to the input's size; bilinear where it is not there. */
  resample: z.literal('bicubic').exactOptional(),
});

/** How an image becomes the network's input, as a card says it.
 * @interface
 */
export type StoredPreprocessing = z.infer<typeof preprocessingSchema>;

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
  /** How an image becomes the network's input; as its data set's networks have it where it is not there. */
  preprocessing: preprocessingSchema.exactOptional(),
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
  if ('variant' in config) {
    const { variant, squeezeExcite, ...rest } = config;
    const leftOut = squeezeExcite === false && { squeezeExcite };
    return { ...rest, variant: variant.name, ...leftOut } as ModelCard['architecture'];
  }
  const { network, resolution, classes, widthMultiplier } = config;
  return {
    network,
    ...(widthMultiplier !== undefined && { widthMultiplier }),
    resolution,
    classes,
  };
}

/** The network of ours that a card speaks of, the inverse of `architectureOf`; undefined of another one. */
export function configOf(architecture: ModelCard['architecture']): NetworkConfig | undefined {
  if (architecture.network === 'other') return undefined;
  const { network, ...choices } = architecture;
  if (!hasVariants(network)) return { network, ...choices };
  const { variant = STANDARD.name, squeezeExcite, ...sizes } = choices as VariantChoices;
  return networkConfig(network, variantNamed(variant), sizes, squeezeExcite);
}

/** What a card says beside the name of a network that has a choice of core layers. */
interface VariantChoices extends NetworkSizes {
  readonly variant?: VariantName;
  readonly squeezeExcite?: false;
}
