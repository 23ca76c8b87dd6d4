import type * as tf from '@tensorflow/tfjs';
import { byName } from '../../quantize/model/by_name.ts';
import type { ImageShape } from '../../quantize/model/tf8_model.ts';
import { QuantizationError } from '../../quantize/params/errors.ts';

/** One layer of a LayersModel: what Keras' configuration says of it, and its weights. */
export interface SourceLayer {
  readonly name: string;
  /** Keras' class name, e.g. "DepthwiseConv2D". */
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
  readonly outputShape: ImageShape;
  /** Dimensions of the output, the batch's included: 4 of images, 2 of vectors. */
  readonly rank: number;
  /** In the order of `layer.getWeights()`, which leaves absent ones (`useBias: false`) out. */
  readonly weights: readonly { readonly shape: readonly number[]; readonly data: Float32Array }[];
}

export interface SourceModel {
  readonly name: string;
  /** In execution order. */
  readonly layers: readonly SourceLayer[];
  readonly outputName: string;
}

/** The parts of Keras' functional configuration that are read here. */
interface FunctionalConfig {
  readonly layers: readonly {
    readonly class_name: string;
    readonly name: string;
    readonly config: Record<string, unknown>;
    readonly inbound_nodes: readonly (readonly (readonly [string, number, number, unknown])[])[];
  }[];
}

/**
 * Takes a functional LayersModel with one image input and one output apart. Weights are copied; the model is left as it was.
 * @throws QuantizationError for several inputs or outputs, a layer used twice, a layer that is not
 * image-shaped, or a weight that is not finite
 */
export function readLayersModel(model: tf.LayersModel): SourceModel {
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw new QuantizationError(
      `Expected one input and one output in ${model.name} but received ${model.inputs.length} and ${model.outputs.length}`,
    );
  }
  const { config } = model.toJSON(null, false) as unknown as { config: FunctionalConfig };
  if (config.layers.some((layer) => layer.inbound_nodes === undefined)) {
    throw new QuantizationError(`Expected a functional model but ${model.name} is sequential`, {
      remedy: 'Build it with tf.model({inputs, outputs}).',
    });
  }
  const described = new Map(config.layers.map((layer) => [layer.name, layer]));
  const layers = model.layers.map((layer): SourceLayer => {
    const description = byName(described, layer.name);
    if (description.inbound_nodes.length > 1) {
      throw new QuantizationError(
        `Expected every layer to be used once but ${layer.name} is shared`,
      );
    }
    return {
      name: layer.name,
      className: description.class_name,
      config: description.config,
      inputs: (description.inbound_nodes[0] ?? []).map(([from]) => from),
      outputShape: imageShape(layer),
      rank: layer.outputShape.length,
      weights: layer.getWeights().map((tensor, index) => {
        const data = tensor.dataSync() as Float32Array;
        const bad = data.findIndex((value) => !Number.isFinite(value));
        if (bad >= 0) {
          throw new QuantizationError(
            `Expected finite weights but ${layer.weights[index].originalName} has ${data[bad]} at position ${bad}`,
          );
        }
        return { shape: tensor.shape, data: Float32Array.from(data) };
      }),
    };
  });
  return { name: model.name, layers, outputName: model.outputLayers[0].name };
}

/** [N, H, W, C] or [N, C] as [H, W, C]; vectors are images of one pixel. */
function imageShape(layer: tf.layers.Layer): ImageShape {
  const sides = (layer.outputShape as (number | null)[]).slice(1);
  const shape = sides.filter((side) => side !== null);
  if (shape.length < sides.length) {
    throw new QuantizationError(
      `Expected fixed image sizes but the output of ${layer.name} is [${sides.map((side) => side ?? '?')}]`,
      { remedy: 'Build the model for one resolution.' },
    );
  }
  if (shape.length === 1) return [1, 1, shape[0]];
  if (shape.length === 3) return [shape[0], shape[1], shape[2]];
  throw new QuantizationError(
    `Expected images or vectors but the output of ${layer.name} is [${shape}]`,
  );
}
