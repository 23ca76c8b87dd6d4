import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { NetworkConfig } from '../../architectures/network.ts';
import { dropFirstOutputs } from '../../architectures/rearchitect/drop_outputs.ts';
import { foldedGraph } from '../../architectures/rearchitect/folded_graph.ts';
import {
  type SeparableLayers,
  separablePairs,
} from '../../architectures/rearchitect/separable_pairs.ts';
import type { Dataset } from '../../datasets/dataset.ts';
import { isLabelled } from '../../datasets/labels.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { labelOffsetOn, type ModelFacts, resolutionOf, weightsOf } from '../open/model_facts.ts';
import { requireSquareRgb } from '../open/model_input.ts';
import { type OpenedFloatModel, openFloatModel } from '../open/open_model.ts';
import { call, option } from '../wording.ts';

/** The network that is rebuilt. */
export interface Original {
  readonly name: string;
  readonly facts: ModelFacts;
  /** As it was read. */
  readonly graph: FloatGraph;
  /** Folded (`foldedGraph`). */
  readonly folded: FloatGraph;
  readonly separable: SeparableLayers;
  /** The network of ours that it is; undefined for another one. */
  readonly config: NetworkConfig | undefined;
  readonly labelOffset: number;
  /** Its output for the background was left out. */
  readonly withoutBackground: boolean;
  /** What its weights are. */
  readonly source: string;
  /** Of its weights, or of the data where they have no card. */
  readonly sha256: string;
  /** Tells its weights from others (`weightsOf`). */
  readonly weights: string;
}

/**
 * Opens the model to rebuild.
 * @param dropBackground leaves out an output before the data set's classes, since it is to be trained: labels
 *   have none
 * @throws UserError where it takes images of any size, of another form than training has, has other classes than the data set, or no depthwise
 *   layer whose activation can go
 */
export async function openOriginal(
  { model: reference, dataset }: { readonly model: string; readonly dataset: Dataset },
  dropBackground: boolean,
  context: Context,
): Promise<Original> {
  const opened = await openFloatModel(reference, context);
  if (dropBackground) requireSquareRgb(opened);
  try {
    resolutionOf(opened);
    const labelOffset = labelOffsetOf(opened, dataset);
    const { facts, name, graph } = opened;
    const whole = {
      ...readGraph(graph),
      name,
      facts,
      config: facts.architecture,
      labelOffset,
      withoutBackground: false,
      source: facts.origin.source,
      sha256: facts.origin.weightsSha256 ?? dataset.fingerprint,
      weights: weightsOf(opened),
    };
    requirePairs(whole);
    if (labelOffset === 0 || !dropBackground) return whole;
    context.reporter.info(
      `${name} has an output for the background, which the labels of ${dataset.name} know nothing of: it is left out`,
    );
    return withoutBackground(whole);
  } finally {
    opened.dispose();
  }
}

/** What is known of a model. */
export async function namedFacts(
  reference: string,
  context: Context,
): Promise<Pick<OpenedFloatModel, 'name' | 'facts'>> {
  const opened = await openFloatModel(reference, context);
  const { name, facts } = opened;
  opened.dispose();
  return { name, facts };
}

function readGraph(graph: FloatGraph): Pick<Original, 'graph' | 'folded' | 'separable'> {
  const folded = foldedGraph(graph);
  return { graph, folded, separable: separablePairs(folded) };
}

function withoutBackground(original: Original): Original {
  const { graph, config, labelOffset, facts } = original;
  const classes = facts.outputs - labelOffset;
  return {
    ...original,
    ...readGraph(dropFirstOutputs(graph, labelOffset)),
    facts: { ...facts, outputs: classes },
    config: config && { ...config, classes },
    labelOffset: 0,
    withoutBackground: true,
  };
}

/** Of those that cannot be rebuilt for the same reason. */
const SHOWN_LAYERS = 5;

function requirePairs({ name, separable }: Original): void {
  const { pairs, leftAlone } = separable;
  if (pairs.length > 0) return;
  const reasons = [...new Set(leftAlone.map(({ reason }) => reason))];
  const why = reasons.map((reason) => {
    const layers = leftAlone.filter((left) => left.reason === reason).map(({ layer }) => layer);
    const more = layers.length > SHOWN_LAYERS ? ` and ${layers.length - SHOWN_LAYERS} more` : '';
    return `\n  ${reason}: ${layers.slice(0, SHOWN_LAYERS).join(', ')}${more}`;
  });
  throw new UserError(
    why.length === 0
      ? `Expected a network with depthwise convolutions to rebuild but ${name} has none`
      : `Expected a depthwise convolution whose activation can go but ${name} has none${why.join('')}`,
    {
      remedy: `Pass a network with an activation between its depthwise and its pointwise layers, such as mobilenet_v1_1.0_224 or one that ${call('train', { variant: 'standard' })} made.`,
    },
  );
}

/** Outputs before the data set's classes: 1 where there is a background. */
function labelOffsetOf({ name, facts }: OpenedFloatModel, dataset: Dataset): number {
  const { dataset: own, outputs, labels } = facts;
  if (!isLabelled(dataset)) return labels.labelOffset;
  const labelOffset = labelOffsetOn(facts, dataset);
  if (labelOffset !== undefined && (own ?? dataset.name) === dataset.name) return labelOffset;
  const received =
    own === undefined
      ? `${outputs} outputs`
      : `the ${outputs - labels.labelOffset} classes of ${own}`;
  throw new UserError(
    `Expected a model of the ${dataset.classNames.length} classes of ${dataset.name} but ${name} has ${received}`,
    {
      remedy: `Pass the data set that the model was trained for${own === undefined ? '' : ` (${option('dataset', own)})`}, or first train it on ${dataset.name}: ${call('train', { variant: 'standard', from: name, dataset: dataset.name })}.`,
    },
  );
}
