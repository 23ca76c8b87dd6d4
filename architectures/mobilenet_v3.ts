/**
 * MobileNetV3 Large and Small (arXiv 1905.02244, tables 1 and 2) as rows, with the endpoint names of
 * TF-slim's `mobilenet_v3`, which Keras has too. At width 1, 224 × 224 and 1000 classes: 5,507,432 and
 * 2,554,968 parameters (Keras), 219 M and 56 M multiply-accumulates (the paper's table 3, of slim's
 * network of 1001 classes).
 */
import { checkWidthMultiplier, divisibleBy8, type LayerActivation } from './conv_layer.ts';
import {
  type InvertedResidualRow,
  invertedResidualLayers,
  slimBlockNames,
} from './inverted_residuals.ts';
import type { NetworkChoices } from './network_choices.ts';
import type { NetworkLayers } from './network_layers.ts';

export interface MobileNetV3Table {
  readonly rows: readonly InvertedResidualRow[];
  /** Of `Conv_2`, behind the pooling. */
  readonly features: number;
}

const STEM_FILTERS = 16;
/** Filters of `Conv_1` for one of the last block's. */
const HEAD_EXPANSION = 6;

function row(
  side: 3 | 5,
  expansion: number,
  filters: number,
  squeezeExcite: boolean,
  activation: LayerActivation,
  stride: 1 | 2,
): InvertedResidualRow {
  return { side, expansion, filters, squeezeExcite, activation, stride };
}

/** The expansions are the paper's channels over those of the block's input, as Keras has them. */
export const MOBILENET_V3_LARGE: MobileNetV3Table = {
  rows: [
    row(3, 1, 16, false, 'relu', 1),
    row(3, 4, 24, false, 'relu', 2),
    row(3, 3, 24, false, 'relu', 1),
    row(5, 3, 40, true, 'relu', 2),
    row(5, 3, 40, true, 'relu', 1),
    row(5, 3, 40, true, 'relu', 1),
    row(3, 6, 80, false, 'hardSwish', 2),
    row(3, 2.5, 80, false, 'hardSwish', 1),
    row(3, 2.3, 80, false, 'hardSwish', 1),
    row(3, 2.3, 80, false, 'hardSwish', 1),
    row(3, 6, 112, true, 'hardSwish', 1),
    row(3, 6, 112, true, 'hardSwish', 1),
    row(5, 6, 160, true, 'hardSwish', 2),
    row(5, 6, 160, true, 'hardSwish', 1),
    row(5, 6, 160, true, 'hardSwish', 1),
  ],
  features: 1280,
};

/** MobileNetV3-Small, arXiv 1905.02244, table 2. */
export const MOBILENET_V3_SMALL: MobileNetV3Table = {
  rows: [
    row(3, 1, 16, true, 'relu', 2),
    row(3, 72 / 16, 24, false, 'relu', 2),
    row(3, 88 / 24, 24, false, 'relu', 1),
    row(5, 4, 40, true, 'hardSwish', 2),
    row(5, 6, 40, true, 'hardSwish', 1),
    row(5, 6, 40, true, 'hardSwish', 1),
    row(5, 3, 48, true, 'hardSwish', 1),
    row(5, 3, 48, true, 'hardSwish', 1),
    row(5, 6, 96, true, 'hardSwish', 2),
    row(5, 6, 96, true, 'hardSwish', 1),
    row(5, 6, 96, true, 'hardSwish', 1),
  ],
  features: 1024,
};

/**
 * The layers of a MobileNetV3, from its table.
 * @throws InvalidValueError for a width multiplier, resolution or class count that no network can have
 */
export function mobileNetV3Layers(table: MobileNetV3Table, choices: NetworkChoices): NetworkLayers {
  const { widthMultiplier = 1 } = choices;
  checkWidthMultiplier(widthMultiplier);
  const activation = 'hardSwish';
  const rows = table.rows.map((own) => ({
    ...own,
    filters: divisibleBy8(own.filters * widthMultiplier),
  }));
  const last = rows.at(-1)!.filters;
  return invertedResidualLayers(
    {
      // As wide at every width multiplier, in Keras.
      stem: { name: 'Conv', filters: STEM_FILTERS, activation },
      rows,
      namesOf: slimBlockNames,
      head: { name: 'Conv_1', filters: divisibleBy8(last * HEAD_EXPANSION), activation },
      features: {
        name: 'Conv_2',
        filters: divisibleBy8(table.features * Math.max(widthMultiplier, 1)),
        activation,
      },
    },
    choices,
  );
}
