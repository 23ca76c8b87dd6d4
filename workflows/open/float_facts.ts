import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { FloatNetwork } from '../../architectures/graph/float_network.ts';
import { operationOf } from '../../architectures/graph/operations/table.ts';
import type { NetworkConfig } from '../../architectures/network.ts';
import type { FloatFormat } from '../../checkpoints/float_model.ts';
import { configOf, type ModelCard } from '../../checkpoints/store/model_card.ts';
import { sha256OfTensors } from '../../checkpoints/weight_tensor.ts';
import { IMAGENET_CLASSES } from '../../datasets/imagenet/imagenet_classes.ts';
import { centralFractionOf } from '../../datasets/images/preprocess.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import { type InputRange, type LabelFacts, type ModelFacts, SYMMETRIC } from './model_facts.ts';

/** What the card of a model says that was saved here. */
export function cardFacts(network: FloatNetwork, format: FloatFormat, card: ModelCard): ModelFacts {
  const { architecture, dataset, classNames, labelOffset, origin, weightsSha256, training } = card;
  const { preprocessing } = card;
  const dataSha256 = training?.dataSha256;
  return {
    format,
    architecture: configOf(architecture),
    input: { ...inputOf(network, dataset, SYMMETRIC), ...preprocessing },
    outputs: network.outputs,
    labels: { classNames, labelOffset, known: true },
    dataset,
    origin: {
      source: origin.source,
      weightsSha256,
      dataSha256: typeof dataSha256 === 'string' ? dataSha256 : undefined,
    },
    foldedBatchNorms: [],
  };
}

/** A model that another program saved, as far as it was recognized. */
export interface ImportedModel {
  readonly network: FloatNetwork;
  readonly format: FloatFormat;
  /** The network of ours that it is; undefined where it is another one. */
  readonly config: NetworkConfig | undefined;
  readonly foldedBatchNorms: readonly string[];
}

/**
 * What the structure of a model tells. A network of ours with as many outputs as ImageNet's networks is
 * one of them; of another network only the classes are guessed, from the number of its outputs.
 * @param name for people, where nothing tells what the weights are
 * @param source what the weights are
 * @param range of the images that it takes
 * @param labels names of its classes, where a file tells them
 */
export function importedFacts(
  { network, format, config, foldedBatchNorms }: ImportedModel,
  {
    name,
    source,
    range,
    labels: classNames,
  }: {
    readonly name: string;
    readonly source: string;
    readonly range: InputRange;
    readonly labels?: readonly string[] | undefined;
  },
): ModelFacts {
  const { outputs } = network;
  const labels = imageNetLabels(outputs);
  const isImageNet = config !== undefined && labels !== undefined;
  const dataset = isImageNet ? 'imagenet' : undefined;
  return {
    format,
    architecture: config,
    input: inputOf(network, dataset, range),
    outputs,
    labels:
      isImageNet || classNames === undefined
        ? { ...(labels ?? UNKNOWN_LABELS), known: isImageNet }
        : { classNames, labelOffset: 0, known: true },
    dataset,
    origin: {
      source: isImageNet ? source : name,
      weightsSha256: isImageNet ? sha256OfTensors(network.weights()) : undefined,
      dataSha256: undefined,
    },
    foldedBatchNorms,
  };
}

const UNKNOWN_LABELS = { classNames: [], labelOffset: 0 };

/** ImageNet's labels for as many outputs; undefined for any other number. */
export function imageNetLabels(outputs: number): Omit<LabelFacts, 'known'> | undefined {
  const labelOffset = outputs - IMAGENET_CLASSES.length;
  if (labelOffset !== 0 && labelOffset !== 1) return undefined;
  return { labelOffset, classNames: IMAGENET_CLASSES.map(({ name }) => name) };
}

function inputOf(
  { inputShapes: [shape] }: FloatNetwork,
  dataset: string | undefined,
  range: InputRange,
): ModelFacts['input'] {
  return {
    shape,
    centralFraction: dataset === undefined ? undefined : centralFractionOf(dataset),
    range,
  };
}

/** Of the operations, how they are connected, and their weights. */
export function networkSha256({ input, nodes, outputs }: FloatGraph): string {
  const constants = nodes.flatMap((node) =>
    Object.entries(operationOf(node).constants?.(node) ?? {}).map(
      ([name, constant]) => [`${node.name} ${name}`, constant] as const,
    ),
  );
  const topology = JSON.stringify({ input, nodes, outputs }, (_, value) =>
    ArrayBuffer.isView(value) ? undefined : value,
  );
  return sha256OfBytes(`${topology} ${sha256OfTensors(new Map(constants))}`);
}
