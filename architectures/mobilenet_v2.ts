/**
 * MobileNetV2 (arXiv 1801.04381, table 2) as rows, with the endpoint names of TF-slim's
 * `mobilenet_v2`. At width 1, 224 × 224 and 1000 classes: 3,504,872 parameters (Keras) and 300 M
 * multiply-accumulates (the paper's table 4).
 */
import { checkWidthMultiplier, divisibleBy8 } from './conv_layer.ts';
import {
  type InvertedResidualRow,
  invertedResidualLayers,
  slimBlockNames,
} from './inverted_residuals.ts';
import type { NetworkChoices } from './network_choices.ts';
import type { NetworkLayers } from './network_layers.ts';

/** The paper's t, c, n and s: expansion, filters, repeats, stride of the first. */
const STAGES: readonly (readonly [number, number, number, 1 | 2])[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

/** `expanded_conv` to `expanded_conv_16` at width multiplier 1. */
export const MOBILENET_V2_ROWS: readonly InvertedResidualRow[] = STAGES.flatMap(
  ([expansion, filters, repeats, stride]) =>
    Array.from({ length: repeats }, (_, index) => ({
      expansion,
      side: 3 as const,
      stride: index === 0 ? stride : 1,
      filters,
      activation: 'relu6' as const,
    })),
);

const STEM_FILTERS = 32;
/** Not made narrower: a width below 1 leaves the last layer as it is. */
const HEAD_FILTERS = 1280;

/**
 * The layers of a MobileNetV2, from the table of rows.
 * @throws InvalidValueError for a width multiplier, resolution or class count that no network can have
 */
export function mobileNetV2Layers(choices: NetworkChoices): NetworkLayers {
  const { widthMultiplier = 1 } = choices;
  checkWidthMultiplier(widthMultiplier);
  const scaled = (filters: number, width = widthMultiplier) => divisibleBy8(filters * width);
  return invertedResidualLayers(
    {
      stem: { name: 'Conv', filters: scaled(STEM_FILTERS), activation: 'relu6' },
      rows: MOBILENET_V2_ROWS.map((row) => ({ ...row, filters: scaled(row.filters) })),
      namesOf: slimBlockNames,
      head: {
        name: 'Conv_1',
        filters: scaled(HEAD_FILTERS, Math.max(widthMultiplier, 1)),
        activation: 'relu6',
      },
    },
    choices,
  );
}
