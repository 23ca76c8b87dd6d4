/**
 * Networks of inverted residuals (arXiv 1801.04381): a pointwise expansion, a depthwise convolution, a
 * linear pointwise projection, and the block's input added where the shapes are equal. MobileNetV2 and
 * V3 and EfficientNet-Lite are tables of such rows and differ in names, functions and ends.
 */
import { checkSizes, divisibleBy8, type LayerActivation } from './conv_layer.ts';
import { LayerList, type LayerOutput, logitsLayer } from './layer_list.ts';
import type { NetworkChoices } from './network_choices.ts';
import type { NetworkLayers } from './network_layers.ts';
import { activationIn, depthwiseActivationIn, STANDARD, type Variant } from './variants.ts';

export interface InvertedResidualRow {
  /** Channels of the depthwise convolution for one of the block's input; 1 has no expansion. */
  readonly expansion: number;
  /** Height and width of the depthwise kernel. */
  readonly side: 3 | 5;
  readonly stride: 1 | 2;
  /** Of the projection. */
  readonly filters: number;
  /** After expansion and depthwise, as published. */
  readonly activation: LayerActivation;
  /** Whether the depthwise channels are weighed by what a quarter of them makes of their means. */
  readonly squeezeExcite?: boolean;
}

/** What the blocks' layers are called. */
export interface BlockNames {
  readonly expand: string;
  readonly depthwise: string;
  readonly project: string;
  readonly add: string;
  readonly squeezeExcite: string;
}

/** A 3 × 3 or 1 × 1 convolution before or behind the blocks, of so many filters. */
export interface EndRow {
  readonly name: string;
  readonly filters: number;
  readonly activation: LayerActivation;
}

/** The table of a network, its filters scaled. */
export interface InvertedResiduals {
  /** 3 × 3, stride 2. */
  readonly stem: EndRow;
  readonly rows: readonly InvertedResidualRow[];
  readonly namesOf: (block: number) => BlockNames;
  /** 1 × 1, behind the last block. */
  readonly head: EndRow;
  /** 1 × 1 with a bias instead of a batch norm, on the means of the head's channels. */
  readonly features?: EndRow;
}

/** The strides halve the image five times. */
export const LEAST_RESOLUTION = 32;

/**
 * The layers of a network of inverted residuals, from its table.
 * @param table as published: the choices say what becomes of its functions and batch norms
 * @throws InvalidValueError for a resolution or class count that no network can have
 */
export function invertedResidualLayers(
  { stem, rows, namesOf, head, features }: InvertedResiduals,
  choices: Omit<NetworkChoices, 'widthMultiplier'>,
): NetworkLayers {
  checkSizes(choices, LEAST_RESOLUTION);
  const { variant = STANDARD, squeezeExcite = true, resolution, classes } = choices;
  const list = new LayerList();
  const functionOf = (end: EndRow) => activationIn(variant, end.activation);
  const first = { name: stem.name, side: 3, stride: 2, activation: functionOf(stem) };
  let x = list.conv(LayerList.images(resolution), stem.filters, first);
  rows.forEach((row, index) => {
    const kept = { ...row, squeezeExcite: squeezeExcite && row.squeezeExcite === true };
    x = addBlock(list, x, kept, namesOf(index), variant);
  });
  x = list.conv(x, head.filters, { name: head.name, activation: functionOf(head) });
  if (features !== undefined) {
    const { name, filters } = features;
    const activation = functionOf(features);
    const pooled = list.globalAveragePool(`${head.name}/AvgPool`, x);
    x = list.conv(pooled, filters, { name, activation, batchNorm: false });
  }
  const logits = logitsLayer(x.shape[2], classes);
  return { base: list.layers, logits, pooled: features !== undefined };
}

function addBlock(
  list: LayerList,
  input: LayerOutput,
  row: InvertedResidualRow,
  names: BlockNames,
  variant: Variant,
): LayerOutput {
  const { expansion, side, stride, filters, squeezeExcite = false } = row;
  const activation = activationIn(variant, row.activation);
  const channels = input.shape[2];
  const expanded =
    expansion === 1
      ? input
      : list.conv(input, divisibleBy8(channels * expansion), { name: names.expand, activation });
  let x = list.depthwise(expanded, {
    name: names.depthwise,
    side,
    stride,
    activation: depthwiseActivationIn(variant, row.activation),
    batchNorm: variant.depthwiseBatchNorm,
  });
  if (squeezeExcite) x = addSqueezeExcite(list, x, names.squeezeExcite);
  const projected = list.conv(x, filters, { name: names.project, activation: 'linear' });
  const isResidual = stride === 1 && channels === filters;
  return isResidual ? list.add(names.add, [input, projected]) : projected;
}

/** Share of the channels that the squeeze keeps (arXiv 1905.02244, 5.3). */
const SQUEEZE = 1 / 4;

function addSqueezeExcite(list: LayerList, x: LayerOutput, scope: string): LayerOutput {
  const squeezed = divisibleBy8(x.shape[2] * SQUEEZE);
  const means = list.globalAveragePool(`${scope}/AvgPool`, x);
  const reduced = list.conv(means, squeezed, {
    name: `${scope}/Conv`,
    activation: 'relu',
    batchNorm: false,
  });
  const factors = list.conv(reduced, x.shape[2], {
    name: `${scope}/Conv_1`,
    activation: 'hardSigmoid6',
    batchNorm: false,
  });
  return list.multiply(`${scope}/Mul`, x, factors);
}

/** slim's names of the blocks: `expanded_conv/depthwise`, `expanded_conv_1/expand` … */
export function slimBlockNames(block: number): BlockNames {
  const scope = block === 0 ? 'expanded_conv' : `expanded_conv_${block}`;
  return {
    expand: `${scope}/expand`,
    depthwise: `${scope}/depthwise`,
    project: `${scope}/project`,
    add: `${scope}/add`,
    squeezeExcite: `${scope}/squeeze_excite`,
  };
}
