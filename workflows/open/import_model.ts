import { GraphError } from '../../architectures/graph/errors.ts';
import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import { type FloatNetwork, networkOfLayers } from '../../architectures/graph/float_network.ts';
import type { NetworkConfig } from '../../architectures/network.ts';
import {
  type RecognizedMobileNetV1,
  recognizeMobileNetV1,
} from '../../architectures/recognize_mobilenet_v1.ts';
import { networkTitle } from '../../architectures/registry.ts';
import type { FloatModel } from '../../checkpoints/float_model.ts';
import { UserError } from '../../foundation/errors.ts';
import { option } from '../wording.ts';
import { type ImportedModel, imageNetLabels } from './float_facts.ts';
import type { InputRange } from './model_facts.ts';

/** Outputs that are told of, of more: a line of them. */
const SHOWN_OUTPUTS = 4;

/**
 * Tells what an imported model is. A MobileNetV1 is rebuilt with our layers' names, so that it can be
 * trained and re-architectured; the model that was loaded is disposed of then.
 */
export function importModel(loaded: FloatModel): ImportedModel & {
  /** For the user: what it is taken for, and what was decided. */ readonly notes: readonly string[];
} {
  const { format } = loaded;
  const original = loaded.network;
  const recognized = loaded.config === undefined ? recognizedIn(original) : undefined;
  if (recognized !== undefined) original.dispose();
  const network = recognized ? networkOfLayers(recognized.model) : original;
  const config: NetworkConfig | undefined =
    loaded.config ?? (recognized && { network: 'mobilenet_v1', ...recognized.config });
  const foldedBatchNorms = recognized?.foldedBatchNorms ?? [];
  return {
    network,
    format,
    config,
    foldedBatchNorms,
    notes: [
      ...loaded.notes,
      `${format}, ${titleOf(config)}, ${outputsTitle(network)}`,
      ...(foldedBatchNorms.length === 0
        ? []
        : [
            `the batch norms of ${foldedBatchNorms.length} layers are folded into their weights: there are no variances for ${option('zeroVariance', 'mean')}, and training measures statistics for them`,
          ]),
    ],
  };
}

/**
 * Refuses a range of each channel for a model whose images have another number of them.
 * @param name what errors call it
 */
export function requireOurImages(
  { network, input }: FloatModel,
  range: InputRange | undefined,
  name: string,
): void {
  const { height, width, channels } = input;
  const isOfColours = range?.channels !== undefined || range?.order !== undefined;
  if (!isOfColours || channels === 3) return;
  network.dispose();
  throw new UserError(
    `Expected a network of RGB images for ${option('preprocessing')} of each channel but ${name} takes [${height},${width},${channels}]`,
    { remedy: 'Give one number for all its channels.' },
  );
}

function recognizedIn(network: FloatNetwork): RecognizedMobileNetV1 | undefined {
  const graph = graphIn(network);
  return graph && recognizeMobileNetV1(graph);
}

function titleOf(config: NetworkConfig | undefined): string {
  if (config === undefined) return 'a network of its own';
  const { widthMultiplier = 1, resolution } = config;
  const { variant, squeezeExcite } = 'variant' in config ? config : {};
  const network = networkTitle(config.network, variant?.name, squeezeExcite);
  return `${network} of width ${widthMultiplier}, ${resolution} × ${resolution}`;
}

/** The classes; of several outputs, what each is. */
function outputsTitle(network: FloatNetwork): string {
  const { outputs } = network;
  const graph = graphIn(network);
  if (graph === undefined || graph.outputs.length < 2) return labelsTitle(outputs);
  const shown = graph.outputs
    .slice(0, SHOWN_OUTPUTS)
    .map((name) => `${name} [${shapeIn(graph, name)}]`);
  const others = graph.outputs.length - shown.length;
  const more = others > 0 ? ` and ${others} more` : '';
  return `${graph.outputs.length} outputs: ${shown.join(', ')}${more}`;
}

/** undefined where no graph can hold the network. */
function graphIn(network: FloatNetwork): FloatGraph | undefined {
  try {
    return network.graph;
  } catch (error) {
    if (error instanceof GraphError) return undefined;
    throw error;
  }
}

function labelsTitle(outputs: number): string {
  switch (imageNetLabels(outputs)?.labelOffset) {
    case 0:
      return "1000 outputs: ImageNet's classes without a background class";
    case 1:
      return "1001 outputs: a background class, then ImageNet's classes";
    default:
      return `${outputs} outputs`;
  }
}
