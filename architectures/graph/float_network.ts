/** A float network in the forms that it is needed in: as a graph, and as Keras' layers for training. */
import * as tf from '@tensorflow/tfjs';
import { type FloatGraph, shapeIn } from './float_graph.ts';
import { layersModelOf } from './layers_model_of.ts';
import type { Constant } from './operations/operation.ts';
import { operationOf } from './operations/table.ts';
import { readLayersModel } from './read_layers_model.ts';

/** An operation of a file that the network ends before. */
export interface UnreadOperation {
  readonly name: string;
  /** As its file calls it. */
  readonly op: string;
  /** Why it is not read; undefined where it reads what another one makes that is not. */
  readonly reason: string | undefined;
}

export interface FloatNetwork {
  readonly name: string;
  /** Of an image of each input, [H, W, C]; null where any size is taken. A graph has one input. */
  readonly inputShapes: readonly (readonly (number | null)[])[];
  /** Length of the first output. */
  readonly outputs: number;
  /**
   * What the network computes in inference, as it was read.
   * @throws GraphError where no graph can hold it (see `readLayersModel`)
   */
  readonly graph: FloatGraph;
  /** What of its file no graph can hold, in execution order: it lies behind the graph's outputs. */
  readonly unread: readonly UnreadOperation[];
  /**
   * What training and re-architecture change.
   * @throws UnsupportedLayerError naming an operation that Keras has no layer for
   */
  readonly layersModel: tf.LayersModel;
  /** By the names that its file gives them, in order. */
  weights(): ReadonlyMap<string, Constant>;
  /** Frees the layers, where they were made. */
  dispose(): void;
}

/** A network that was opened as Keras' layers, which are its own from then on; its graph is read once, when it is asked for. */
export function networkOfLayers(model: tf.LayersModel): FloatNetwork {
  const layersModel = functional(model);
  let graph: FloatGraph | undefined;
  return {
    name: layersModel.name,
    inputShapes: layersModel.inputs.map(({ shape }) => shape.slice(1)),
    outputs: layersModel.outputs[0].shape.at(-1)!,
    layersModel,
    unread: [],
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

/** Keras' sequential models as functional ones, which graphs are read from; they share the layers. */
function functional(model: tf.LayersModel): tf.LayersModel {
  if (model.getClassName() !== 'Sequential') return model;
  const { inputs, outputs, name } = model;
  return tf.model({ inputs, outputs, name });
}

/** A network that was opened as a graph; its layers are made when they are asked for. */
export function networkOfGraph(
  graph: FloatGraph,
  unread: readonly UnreadOperation[] = [],
): FloatNetwork {
  let layersModel: tf.LayersModel | undefined;
  return {
    name: graph.name,
    inputShapes: [graph.input.shape],
    outputs: shapeIn(graph, graph.outputs[0]).at(-1)!,
    graph,
    unread,
    get layersModel() {
      layersModel ??= layersModelOf(graph);
      return layersModel;
    },
    weights: () =>
      new Map(
        graph.nodes.flatMap((node) =>
          Object.entries(operationOf(node).constants?.(node) ?? {}).map(
            ([name, constant]) => [`${node.name}/${name}`, constant] as const,
          ),
        ),
      ),
    dispose: () => {
      layersModel?.dispose();
      layersModel = undefined;
    },
  };
}
