/** A network of a re-architecture as it is stored: its layers, and what its card says of it. */
import type * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { layersModelOf } from '../../architectures/graph/layers_model_of.ts';
import { buildNetwork, type NetworkConfig } from '../../architectures/network.ts';
import { setGraphWeights } from '../../architectures/rearchitect/graph_model.ts';
import { architectureOf } from '../../checkpoints/store/model_card.ts';
import type { NewModelCard } from '../../checkpoints/store/model_store.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import { isLabelled } from '../../datasets/labels.ts';
import { InvalidValueError } from '../../foundation/errors.ts';
import type { Original } from './source.ts';

/**
 * A graph as layers that can be trained: as its network's are built, where it is one of ours.
 * @throws InvalidValueError where it has other weights than that; UnsupportedLayerError naming an operation
 *   that no layer has
 */
export function layersOf(graph: FloatGraph, config: NetworkConfig | undefined): tf.LayersModel {
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

/** The network of ours that a rebuilt graph is; undefined where it has other layers. */
export function fittingConfig(
  graph: FloatGraph,
  config: NetworkConfig | undefined,
): NetworkConfig | undefined {
  if (config === undefined) return undefined;
  try {
    layersOf(graph, config).dispose();
    return config;
  } catch (error) {
    if (error instanceof InvalidValueError) return undefined;
    throw error;
  }
}

/** What a card says of the network and of its images and classes. */
export function storedNetwork(
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
  const { centralFraction = centralFractionOf(dataset.name), range, resample } = input;
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
