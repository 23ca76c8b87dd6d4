/**
 * ResNet-50 (arXiv 1512.03385, table 1) as rows, as Keras has it, with its endpoint names: the stride
 * of a stage is that of its first 1 × 1 convolution, and every convolution has a bias beside its batch
 * norm. At width 1, 224 × 224 and 1000 classes: 25,636,712 parameters (Keras) and 3.9 G
 * multiply-accumulates (the paper's 3.8 · 10⁹).
 */
import {
  type ConvLayer,
  checkSizes,
  checkWidthMultiplier,
  type NetworkSizes,
} from './conv_layer.ts';
import { LayerList, type LayerOutput, logitsLayer } from './layer_list.ts';
import type { NetworkLayers } from './network_layers.ts';

/** Bottleneck blocks of one size. */
export interface ResNetRow {
  /** Scope of its blocks' names. */
  readonly name: string;
  readonly blocks: number;
  /** Of a block's first two convolutions; the third has four times as many. */
  readonly filters: number;
  /** Of the first block. */
  readonly stride: 1 | 2;
}

/** The four stages of arXiv 1512.03385, table 1. */
export const RESNET_50_ROWS: readonly ResNetRow[] = [
  { name: 'conv2', blocks: 3, filters: 64, stride: 1 },
  { name: 'conv3', blocks: 4, filters: 128, stride: 2 },
  { name: 'conv4', blocks: 6, filters: 256, stride: 2 },
  { name: 'conv5', blocks: 3, filters: 512, stride: 2 },
];

const STEM_FILTERS = 64;
const BOTTLENECK = 4;
/** Keras' */
const EPSILON = 1.001e-5;
const LEAST_RESOLUTION = 32;

/**
 * The layers of a ResNet-50, from the table of rows.
 * @throws InvalidValueError for a width multiplier, resolution or class count that no network can have
 */
export function resNet50Layers(sizes: NetworkSizes): NetworkLayers {
  const { widthMultiplier = 1, resolution, classes } = sizes;
  checkWidthMultiplier(widthMultiplier);
  checkSizes(sizes, LEAST_RESOLUTION);
  const scaled = (filters: number) => Math.max(Math.trunc(filters * widthMultiplier), 1);
  const list = new LayerList();
  let x = list.pad('conv1_pad', LayerList.images(resolution), 3);
  const stem = { side: 7, stride: 2, padding: 'valid' } as const;
  x = list.conv(x, scaled(STEM_FILTERS), { ...convOptions('conv1_conv', 'relu'), ...stem });
  x = list.maxPool('pool1_pool', list.pad('pool1_pad', x, 1), 3, 2);
  for (const { name, blocks, filters, stride } of RESNET_50_ROWS) {
    for (let block = 1; block <= blocks; block++) {
      const scope = `${name}_block${block}`;
      x = addBlock(list, x, scope, scaled(filters), block === 1 ? stride : undefined);
    }
  }
  return { base: list.layers, logits: logitsLayer(x.shape[2], classes) };
}

/** @param stride of a stage's first block, whose input is projected to the output's shape */
function addBlock(
  list: LayerList,
  input: LayerOutput,
  scope: string,
  filters: number,
  stride: 1 | 2 | undefined,
): LayerOutput {
  const wide = BOTTLENECK * filters;
  const strided = (name: string, activation: ConvLayer['activation']) => ({
    ...convOptions(`${scope}_${name}`, activation),
    stride: stride ?? 1,
  });
  const shortcut =
    stride === undefined ? input : list.conv(input, wide, strided('0_conv', 'linear'));
  let x = list.conv(input, filters, strided('1_conv', 'relu'));
  x = list.conv(x, filters, { ...convOptions(`${scope}_2_conv`, 'relu'), side: 3 });
  x = list.conv(x, wide, convOptions(`${scope}_3_conv`, 'linear'));
  return list.relu(`${scope}_out`, list.add(`${scope}_add`, [shortcut, x]));
}

function convOptions(name: string, activation: ConvLayer['activation']) {
  return { name, activation, bias: true, batchNormEpsilon: EPSILON };
}
