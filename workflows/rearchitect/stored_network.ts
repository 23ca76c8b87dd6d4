/** A network of a re-architecture as it is stored: its layers, and what its card says of it. */

import type * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { type FloatNode, isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { layersModelOf } from '../../architectures/graph/layers_model_of.ts';
import { readLayersModel } from '../../architectures/graph/read_layers_model.ts';
import { buildNetwork, type NetworkConfig } from '../../architectures/network.ts';
import { foldedGraph } from '../../architectures/rearchitect/folded_graph.ts';
import { setGraphWeights } from '../../architectures/rearchitect/graph_model.ts';
import { architectureOf, type ModelCard } from '../../checkpoints/store/model_card.ts';
import { type NewModelCard, saveModelFolder } from '../../checkpoints/store/model_store.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import { isLabelled } from '../../datasets/labels.ts';
import { InvalidValueError } from '../../foundation/errors.ts';
import { inputOn } from '../open/model_input.ts';
import type { Original } from './source.ts';

/**
 * A graph as layers that can be trained: as its network's are built, where it is one of ours.
 * @throws InvalidValueError where it has other weights than that; UnsupportedLayerError naming an operation
 *   that no layer has
 */
function layersOf(graph: FloatGraph, config: NetworkConfig | undefined): tf.LayersModel {
  if (config === undefined) return layersModelOf(graph);
  const model = buildNetwork(config);
  try {
    setGraphWeights(model, graph);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The network of ours that a rebuilt graph is; undefined where it has other layers or activations. */
export function fittingConfig(
  graph: FloatGraph,
  config: NetworkConfig | undefined,
): NetworkConfig | undefined {
  if (config === undefined) return undefined;
  try {
    const model = layersOf(graph, config);
    const isSame = isSameNetwork(foldedGraph(readLayersModel(model)), foldedGraph(graph));
    model.dispose();
    return isSame ? config : undefined;
  } catch (error) {
    if (error instanceof InvalidValueError) return undefined;
    throw error;
  }
}

/** Whether two folded graphs have the same nodes, weights included. */
function isSameNetwork(a: FloatGraph, b: FloatGraph): boolean {
  return (
    a.nodes.length === b.nodes.length &&
    a.nodes.every((node, index) => {
      const other = b.nodes[index];
      if (describe(node) !== describe(other)) return false;
      if (!isWeightedFloat(node) || !isWeightedFloat(other)) return true;
      return isEqual(node.kernel, other.kernel) && isEqual(node.bias, other.bias);
    })
  );
}

function describe(node: FloatNode): string {
  const { name, op, inputs } = node;
  return JSON.stringify([name, op, inputs, 'activation' in node && node.activation]);
}

function isEqual(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

/** What a card says of the network and of its images and classes. */
function storedNetwork(
  { facts, labelOffset }: Pick<Original, 'facts' | 'labelOffset'>,
  config: NetworkConfig | undefined,
  dataset: Dataset,
): Omit<NewModelCard, 'origin'> {
  const { input, outputs, labels } = facts;
  const classNames = isLabelled(dataset) ? dataset.classNames : labels.classNames;
  const common = {
    dataset: isLabelled(dataset) ? dataset.name : (facts.dataset ?? dataset.name),
    classNames: classNames.length === outputs - labelOffset ? [...classNames] : [],
    labelOffset,
  };
  if (config !== undefined) return { architecture: architectureOf(config), ...common };
  const { centralFraction, range, resample } = inputOn(input, dataset);
  const [height, width, channels] = input.shape as readonly number[];
  return {
    ...common,
    architecture: { network: 'other', resolution: height, width, channels, classes: outputs },
    preprocessing: {
      centralFraction,
      range: structuredClone(range) as NonNullable<NewModelCard['preprocessing']>['range'],
      ...(resample && { resample }),
    },
  };
}

/** Stores a network that the re-architecture of `original` made: with a card that tells of it. */
export async function saveNetwork(
  { graph, config }: Pick<Original, 'graph' | 'config'>,
  original: Original,
  dataset: Dataset,
  { source, training }: { readonly source: string; readonly training?: NewModelCard['training'] },
  dir: string,
): Promise<ModelCard> {
  const model = layersOf(graph, config);
  try {
    return await saveModelFolder(
      model,
      {
        ...storedNetwork(original, config, dataset),
        origin: { source, route: 'tf8 rearchitect', sha256: original.sha256 },
        ...(training && { training }),
      },
      dir,
    );
  } finally {
    model.dispose();
  }
}

/** Stores the original as the retraining is taught by it. */
export async function saveTeacher(
  original: Original,
  dataset: Dataset,
  dir: string,
): Promise<void> {
  const source = `${original.source} without its background`;
  await saveNetwork(original, original, dataset, { source }, dir);
}
