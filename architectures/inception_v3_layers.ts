import {
  checkSizes,
  checkWidthMultiplier,
  type LayerShape,
  outputSize,
  type PaddingScheme,
} from './conv_layer.ts';
import { INCEPTION_V3_ROWS, type InceptionRow } from './inception_v3.ts';
import { LayerList, type LayerOutput, logitsLayer } from './layer_list.ts';
import type { Kernel, NetworkLayer, NetworkLayers } from './network_layers.ts';

/** With fewer pixels nothing is left of the image in `Mixed_7a`. */
export const MIN_INCEPTION_RESOLUTION = 75;
const POOL_SIZE: Kernel = [3, 3];
/** slim's `min_depth`: no layer is narrower than this, whatever the width multiplier. */
const MIN_DEPTH = 16;
const POOLS = {
  maxPool: { stride: 2, padding: 'valid' },
  averagePool: { stride: 1, padding: 'same' },
} as const;

export interface InceptionV3Config {
  /** Height and width of the input, in pixels; at least 75, 299 in the paper. */
  readonly resolution: number;
  /** Outputs of the network; 1001 for slim's ImageNet networks, whose class 0 is the background. */
  readonly classes: number;
  /** Every layer's filters are multiplied by it (slim's `depth_multiplier`); 1 unless given. */
  readonly widthMultiplier?: number;
}

/**
 * The layers of an InceptionV3 in order, from the table of modules.
 * @throws InvalidValueError for a width multiplier, resolution or class count that no network can have.
 */
export function inceptionV3Layers(config: InceptionV3Config): NetworkLayers {
  const { resolution, classes, widthMultiplier = 1 } = config;
  checkWidthMultiplier(widthMultiplier);
  checkSizes(config, MIN_INCEPTION_RESOLUTION);
  const base: NetworkLayer[] = [];
  const filtersOf = (filters: number) => Math.max(Math.trunc(filters * widthMultiplier), MIN_DEPTH);

  /** Adds the rows one after the other; returns the last one's output. */
  const addRows = (rows: readonly InceptionRow[], scope: string, from: LayerOutput): LayerOutput =>
    rows.reduce((input, row) => {
      const layer = resolve(row, scope, input);
      base.push(layer);
      return { name: layer.name, shape: layer.outputShape };
    }, from);

  const resolve = (row: InceptionRow, scope: string, input: LayerOutput): NetworkLayer => {
    const name = `${scope}${row.name}`;
    switch (row.op) {
      case 'conv': {
        const { op, kernel, stride, padding } = row;
        const outputShape = windowed(input.shape, kernel, stride, padding, filtersOf(row.filters));
        return {
          op,
          kind: 'conv',
          name,
          input: input.name,
          kernel,
          stride,
          padding,
          inputShape: input.shape,
          outputShape,
          batchNorm: true,
          batchNormScale: false,
          bias: false,
          activation: 'relu',
        };
      }
      case 'maxPool':
      case 'averagePool': {
        const { stride, padding } = POOLS[row.op];
        const outputShape = windowed(input.shape, POOL_SIZE, stride, padding, input.shape[2]);
        const pool = { window: POOL_SIZE, stride, padding, outputShape };
        return { op: row.op, name, input: input.name, ...pool };
      }
      case 'concat': {
        const ends = row.branches.map((branch) =>
          addRows(branch.rows, `${scope}${branch.scope}`, input),
        );
        const [height, width] = ends[0].shape;
        const channels = ends.reduce((sum, { shape }) => sum + shape[2], 0);
        return {
          op: row.op,
          name,
          inputs: ends.map((end) => end.name),
          outputShape: [height, width, channels],
        };
      }
    }
  };

  const features = addRows(INCEPTION_V3_ROWS, '', LayerList.images(resolution));
  return { base, logits: logitsLayer(features.shape[2], classes) };
}

function windowed(
  [height, width]: LayerShape,
  window: Kernel,
  stride: number,
  padding: PaddingScheme,
  channels: number,
): LayerShape {
  return [
    outputSize(height, window[0], stride, padding),
    outputSize(width, window[1], stride, padding),
    channels,
  ];
}
