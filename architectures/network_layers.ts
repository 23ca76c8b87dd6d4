import type { ConvLayer, LayerShape, PaddingScheme } from './conv_layer.ts';

/** Height and width, in pixels. */
export type Kernel = readonly [number, number];

/** One layer of a network, with its shapes resolved and the names of the layers that it reads. */
export type NetworkLayer =
  | (ConvLayer & { readonly op: 'conv'; readonly input: string })
  | {
      readonly op: 'maxPool' | 'averagePool';
      readonly name: string;
      readonly input: string;
      readonly window: Kernel;
      readonly stride: number;
      readonly padding: PaddingScheme;
      readonly outputShape: LayerShape;
    }
  | {
      /** `multiply` reads an image [H, W, C] and a factor a channel [1, 1, C], `add` two images. */
      readonly op: 'concat' | 'add' | 'multiply';
      readonly name: string;
      readonly inputs: readonly string[];
      readonly outputShape: LayerShape;
    }
  | {
      readonly op: 'relu';
      readonly name: string;
      readonly input: string;
      readonly outputShape: LayerShape;
    }
  | {
      /** The mean over the image: [1, 1, C]. */
      readonly op: 'globalAveragePool';
      readonly name: string;
      readonly input: string;
      readonly outputShape: LayerShape;
    }
  | {
      /** So many zeros at each of the four borders. */
      readonly op: 'pad';
      readonly name: string;
      readonly input: string;
      readonly border: number;
      readonly outputShape: LayerShape;
    };

/** A network from its input to its logits. */
export interface NetworkLayers {
  /** Each after what it reads. */
  readonly base: readonly NetworkLayer[];
  /** A 1 × 1 convolution of what `base` ends in, or of its mean over the image. */
  readonly logits: ConvLayer;
  /** Whether `base` takes that mean itself. */
  readonly pooled?: boolean;
}

/** Name of the layer that gives the images. */
export const INPUT_NAME = 'input';

/** The convolutions of a network, its logits last. */
export function convolutionsOf({ base, logits }: NetworkLayers): readonly ConvLayer[] {
  return [...base.filter((layer) => layer.op === 'conv'), logits];
}

/** Convolutions that each read the one before, the last one its logits. */
export function chainOf(layers: readonly ConvLayer[]): NetworkLayers {
  const base = layers.slice(0, -1).map((layer, index) => {
    const input = index === 0 ? INPUT_NAME : layers[index - 1].name;
    return { ...layer, op: 'conv' as const, input };
  });
  return { base, logits: layers.at(-1)! };
}
