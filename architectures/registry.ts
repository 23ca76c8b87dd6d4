/**
 * The networks: a row each. A network is the file of its rows and its row here; building, costs,
 * training, the command's choices and the cards of stored models follow.
 */
import type { ConvLayer } from './conv_layer.ts';
import { type EfficientNetScale, efficientNetLiteLayers } from './efficientnet_lite.ts';
import { inceptionV3Layers, MIN_INCEPTION_RESOLUTION } from './inception_v3_layers.ts';
import { LEAST_RESOLUTION } from './inverted_residuals.ts';
import { convLayers } from './mobilenet_v1.ts';
import { mobileNetV2Layers } from './mobilenet_v2.ts';
import { MOBILENET_V3_LARGE, MOBILENET_V3_SMALL, mobileNetV3Layers } from './mobilenet_v3.ts';
import type { NetworkChoices } from './network_choices.ts';
import { chainOf, type NetworkLayers } from './network_layers.ts';
import { resNet50Layers } from './resnet_50.ts';
import { FRIENDLY, STANDARD, VARIANTS, type Variant } from './variants.ts';

export interface Network {
  /** For people: "MobileNetV2". */
  readonly title: string;
  /** The title in a sentence: "an InceptionV3". */
  readonly oneTitle: string;
  /** Of the LayersModel, before its sizes. */
  readonly modelName: string;
  /** The core layers that it can have; none where it has no choice of them. */
  readonly variants: readonly Variant[];
  /** The one that is trained unless another is asked for; absent where there is no choice. */
  readonly trainedVariant?: Variant;
  /** Whether squeeze-and-excite stands in some of its blocks, and can be left out. */
  readonly squeezeExcite?: boolean;
  /** Height and width of the published network's input. */
  readonly resolution: number;
  readonly leastResolution: number;
  /** @throws InvalidValueError for choices that no network can have */
  readonly layers: (choices: NetworkChoices) => NetworkLayers;
  /** Share of the pooled features that dropout takes while training, as published. */
  readonly dropout: number;
  /** σ of a layer's initial weights. */
  readonly initialStddev: (layer: ConvLayer) => number;
  /** The recipe of a training from random weights. */
  readonly scratchRecipe: 'scratch-small' | 'scratch-adam';
}

/** A network of inverted residuals. */
interface InvertedResidualNetwork extends Network {
  readonly variants: typeof VARIANTS;
}

/** They have the paper's core layers; what was published is trained unless another is asked for. */
const INVERTED_RESIDUALS = { variants: VARIANTS, trainedVariant: STANDARD } as const;

/** slim's `stddev` for every weight of a MobileNet. */
const slimStddev = () => 0.09;

/**
 * σ of slim's `variance_scaling_initializer()`: √(1.3 · 2 / (kh · kw · C)). Truncation at 2σ leaves
 * 0.774 of the variance, which the 1.3 makes up for.
 */
function heStddev({ kernel: [height, width], inputShape, kind }: ConvLayer): number {
  const depth = kind === 'depthwise' ? 1 : inputShape[2];
  return Math.sqrt((1.3 * 2) / (height * width * depth));
}

/** √(2 / (kh · kw · filters)), of the authors' `conv_kernel_initializer`. */
function fanOutStddev({ kernel: [height, width], outputShape, kind }: ConvLayer): number {
  return Math.sqrt(2 / (height * width * (kind === 'depthwise' ? 1 : outputShape[2])));
}

function mobileNetV3(size: 'Large' | 'Small'): InvertedResidualNetwork {
  const table = { Large: MOBILENET_V3_LARGE, Small: MOBILENET_V3_SMALL }[size];
  return {
    title: `MobileNetV3-${size}`,
    oneTitle: `a MobileNetV3-${size}`,
    modelName: `MobilenetV3_${size}`,
    ...INVERTED_RESIDUALS,
    squeezeExcite: true,
    resolution: 224,
    leastResolution: LEAST_RESOLUTION,
    layers: (choices) => mobileNetV3Layers(table, choices),
    dropout: 0.2,
    initialStddev: slimStddev,
    scratchRecipe: 'scratch-adam',
  };
}

function efficientNetLite(
  index: number,
  scale: EfficientNetScale,
  resolution: number,
  dropout: number,
): InvertedResidualNetwork {
  return {
    title: `EfficientNet-Lite${index}`,
    oneTitle: `an EfficientNet-Lite${index}`,
    modelName: `EfficientNetLite${index}`,
    ...INVERTED_RESIDUALS,
    resolution,
    leastResolution: LEAST_RESOLUTION,
    layers: (choices) => efficientNetLiteLayers(scale, choices),
    dropout,
    initialStddev: fanOutStddev,
    scratchRecipe: 'scratch-adam',
  };
}

/** A row a network. */
export const NETWORKS = {
  mobilenet_v1: {
    title: 'MobileNetV1',
    oneTitle: 'a MobileNetV1',
    modelName: 'MobilenetV1',
    variants: VARIANTS,
    trainedVariant: FRIENDLY,
    resolution: 224,
    leastResolution: 32,
    layers: ({ variant = STANDARD, widthMultiplier = 1, resolution, classes }) =>
      chainOf(convLayers({ variant, widthMultiplier, resolution, classes })),
    dropout: 0.001,
    initialStddev: slimStddev,
    scratchRecipe: 'scratch-small',
  },
  inception_v3: {
    title: 'InceptionV3',
    oneTitle: 'an InceptionV3',
    modelName: 'InceptionV3',
    variants: [],
    resolution: 299,
    leastResolution: MIN_INCEPTION_RESOLUTION,
    layers: inceptionV3Layers,
    dropout: 0.2,
    initialStddev: heStddev,
    scratchRecipe: 'scratch-small',
  },
  mobilenet_v2: {
    title: 'MobileNetV2',
    oneTitle: 'a MobileNetV2',
    modelName: 'MobilenetV2',
    ...INVERTED_RESIDUALS,
    resolution: 224,
    leastResolution: LEAST_RESOLUTION,
    layers: mobileNetV2Layers,
    dropout: 0.2,
    initialStddev: slimStddev,
    scratchRecipe: 'scratch-adam',
  },
  mobilenet_v3_large: mobileNetV3('Large'),
  mobilenet_v3_small: mobileNetV3('Small'),
  efficientnet_lite0: efficientNetLite(0, { width: 1, depth: 1 }, 224, 0.2),
  efficientnet_lite1: efficientNetLite(1, { width: 1, depth: 1.1 }, 240, 0.2),
  efficientnet_lite2: efficientNetLite(2, { width: 1.1, depth: 1.2 }, 260, 0.3),
  efficientnet_lite3: efficientNetLite(3, { width: 1.2, depth: 1.4 }, 280, 0.3),
  efficientnet_lite4: efficientNetLite(4, { width: 1.4, depth: 1.8 }, 300, 0.3),
  resnet_50: {
    title: 'ResNet-50',
    oneTitle: 'a ResNet-50',
    modelName: 'ResNet50',
    variants: [],
    resolution: 224,
    leastResolution: 32,
    layers: resNet50Layers,
    dropout: 0,
    initialStddev: heStddev,
    scratchRecipe: 'scratch-adam',
  },
} as const satisfies Record<string, Network>;

/** The networks that are built by their name. */
export const NETWORK_NAMES = Object.keys(NETWORKS) as (keyof typeof NETWORKS)[];

export type NetworkName = (typeof NETWORK_NAMES)[number];

/** The networks that have a choice of core layers. */
export type VariantNetworkName = {
  [Name in NetworkName]: (typeof NETWORKS)[Name] extends { readonly variants: readonly [] }
    ? never
    : Name;
}[NetworkName];

/**
 * "MobileNetV1 friendly", "InceptionV3", "MobileNetV3-Large relu without squeeze-and-excite": a network
 * and its core layer, where it has a choice of them.
 */
export function networkTitle(
  network: NetworkName,
  variant: string | undefined,
  squeezeExcite = true,
): string {
  const { title } = networkNamed(network);
  const core = variant === undefined ? '' : ` ${variant}`;
  return `${title}${core}${squeezeExcite ? '' : ' without squeeze-and-excite'}`;
}

/** The row of a network. */
export function networkNamed(name: NetworkName): Network {
  return NETWORKS[name];
}

/** Whether a network has a choice of core layers. */
export function hasVariants(network: NetworkName): network is VariantNetworkName {
  return networkNamed(network).variants.length > 0;
}

export const VARIANT_NETWORK_NAMES = NETWORK_NAMES.filter(hasVariants);
