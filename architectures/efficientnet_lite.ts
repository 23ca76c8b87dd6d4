/**
 * EfficientNet-Lite 0 to 4 as rows: EfficientNet-B0 (arXiv 1905.11946, table 1) without
 * squeeze-and-excite and with ReLU6, whose first and last layers stay as they are when the others are
 * scaled (github.com/tensorflow/tpu, models/official/efficientnet/lite: 4.7, 5.4, 6.1, 8.2 and 13.0 M
 * parameters, 407, 631, 899, 1440 and 2640 M multiply-accumulates). Layers have its variables' names.
 */
import { checkWidthMultiplier, divisibleBy8 } from './conv_layer.ts';
import {
  type BlockNames,
  type InvertedResidualRow,
  invertedResidualLayers,
} from './inverted_residuals.ts';
import type { NetworkChoices } from './network_choices.ts';
import type { NetworkLayers } from './network_layers.ts';

/** What makes one of the family out of the table. */
export interface EfficientNetScale {
  /** Of the filters. */
  readonly width: number;
  /** Of the repeats, rounded up. */
  readonly depth: number;
}

/** A block, and how often it stands there: its stride is the first one's. */
type Stage = Omit<InvertedResidualRow, 'activation'> & { readonly repeats: number };

const STAGES: readonly Stage[] = [
  { repeats: 1, side: 3, stride: 1, expansion: 1, filters: 16 },
  { repeats: 2, side: 3, stride: 2, expansion: 6, filters: 24 },
  { repeats: 2, side: 5, stride: 2, expansion: 6, filters: 40 },
  { repeats: 3, side: 3, stride: 2, expansion: 6, filters: 80 },
  { repeats: 3, side: 5, stride: 1, expansion: 6, filters: 112 },
  { repeats: 4, side: 5, stride: 2, expansion: 6, filters: 192 },
  { repeats: 1, side: 3, stride: 1, expansion: 6, filters: 320 },
];
const STEM_FILTERS = 32;
const HEAD_FILTERS = 1280;

/** The blocks of a scale. The first and the last stage are not repeated more often. */
export function efficientNetLiteRows({ width, depth }: EfficientNetScale): InvertedResidualRow[] {
  return STAGES.flatMap(({ repeats, ...stage }, index) => {
    const isEnd = index === 0 || index === STAGES.length - 1;
    const length = isEnd ? repeats : Math.ceil(depth * repeats);
    return Array.from({ length }, (_, place): InvertedResidualRow => {
      const stride = place === 0 ? stage.stride : 1;
      const filters = divisibleBy8(stage.filters * width);
      return { ...stage, stride, filters, activation: 'relu6' };
    });
  });
}

/**
 * The layers of an EfficientNet-Lite, from its table.
 * @throws InvalidValueError for a width multiplier, resolution or class count that no network can have
 */
export function efficientNetLiteLayers(
  { width, depth }: EfficientNetScale,
  choices: NetworkChoices,
): NetworkLayers {
  const { widthMultiplier = 1 } = choices;
  checkWidthMultiplier(widthMultiplier);
  const rows = efficientNetLiteRows({ width: width * widthMultiplier, depth });
  return invertedResidualLayers(
    {
      stem: { name: 'stem/conv2d', filters: STEM_FILTERS, activation: 'relu6' },
      rows,
      namesOf: (block) => blockNames(block, rows[block].expansion > 1),
      head: { name: 'head/conv2d', filters: HEAD_FILTERS, activation: 'relu6' },
    },
    choices,
  );
}

/** TensorFlow counts a block's convolutions: the projection is the second where there is an expansion. */
function blockNames(block: number, isExpanded: boolean): BlockNames {
  const scope = `blocks_${block}`;
  return {
    expand: `${scope}/conv2d`,
    depthwise: `${scope}/depthwise_conv2d`,
    project: `${scope}/conv2d${isExpanded ? '_1' : ''}`,
    add: `${scope}/add`,
    squeezeExcite: `${scope}/se`,
  };
}
