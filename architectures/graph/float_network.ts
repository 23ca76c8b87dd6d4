/** A float network in the forms that it is needed in: as a graph, and as Keras' layers for training. */
import type * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from './float_graph.ts';
import type { Constant } from './operations/operation.ts';
import { readLayersModel } from './read_layers_model.ts';

export interface FloatNetwork {
  readonly name: string;
  /** Of an image, [H, W, C]; null where any size is taken. */
  readonly inputShape: readonly (number | null)[];
  /** Length of the first output. */
  readonly outputs: number;
  /**
   * What the network computes in inference, as it was read.
   * @throws GraphError where no graph can hold it (see `readLayersModel`)
   */
  readonly graph: FloatGraph;
  /** What training and re-architecture change. */
  readonly layersModel: tf.LayersModel;
  /** By the names that its file gives them, in order. */
  weights(): ReadonlyMap<string, Constant>;
  dispose(): void;
}

/** A network that was opened as Keras' layers, which are its own from then on; its graph is read once, when it is asked for. */
export function networkOfLayers(layersModel: tf.LayersModel): FloatNetwork {
  let graph: FloatGraph | undefined;
  return {
    name: layersModel.name,
    inputShape: layersModel.inputs[0].shape.slice(1),
    outputs: layersModel.outputs[0].shape.at(-1)!,
    layersModel,
    get graph() {
      graph ??= readLayersModel(layersModel);
      return graph;
    },
    weights: () =>
      new Map(
        layersModel.weights.map((weight) => {
          const values = weight.read().dataSync<'float32'>();
          return [weight.originalName, { shape: weight.shape as number[], values }];
        }),
      ),
    dispose: () => {
      layersModel.dispose();
    },
  };
}
