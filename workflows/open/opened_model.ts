import type * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { FloatNetwork } from '../../architectures/graph/float_network.ts';
import type { ImageSize } from '../../checkpoints/input_affine.ts';
import { withQuantizationErrors } from '../../quantize/convert/graph_errors.ts';
import { type IntegerPart, integerPart, leftOutNote } from '../../quantize/convert/integer_part.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { InputRange, ModelFacts } from './model_facts.ts';
import type { InputPreprocessing } from './preprocessing.ts';

/** Where a network ends, and who is told of it. */
export interface EndOptions {
  /** Names of the tensors to end in; what TF8 can compute decides unless given. */
  readonly outputs?: readonly string[] | undefined;
  /** Is told, in a sentence, what is left out. */
  readonly onLeftOut?: (note: string) => void;
}

/** A float network with all that is known of it; the caller's to dispose. */
export class OpenedFloatModel {
  readonly kind = 'float';
  /** What it was opened by. */
  readonly name: string;
  readonly facts: ModelFacts;
  readonly network: FloatNetwork;

  private readonly end: EndOptions;
  private found: IntegerPart | undefined;

  constructor(name: string, network: FloatNetwork, facts: ModelFacts, end: EndOptions = {}) {
    this.name = name;
    this.network = network;
    this.facts = facts;
    this.end = end;
  }

  /**
   * What it computes up to where TF8 can follow, as read: no pass has run.
   * @throws QuantizationError naming a layer that no graph can hold, or an output that is not there
   */
  get graph(): FloatGraph {
    return this.part.graph;
  }

  /** The same with what is left out behind it. */
  get part(): IntegerPart {
    if (this.found === undefined) {
      const { outputs, onLeftOut } = this.end;
      const found = withQuantizationErrors(() => {
        const { graph, unread } = this.network;
        return integerPart(graph, outputs, unread);
      });
      const note = leftOutNote(found);
      if (note !== undefined) onLeftOut?.(`${this.name}: ${note}`);
      this.found = found;
    }
    return this.found;
  }

  /** What training and re-architecture change. */
  get layersModel(): tf.LayersModel {
    return this.network.layersModel;
  }

  /** Frees the weights of its layers, where they were made. */
  dispose(): void {
    this.network.dispose();
  }
}

export interface OpenedTf8Model {
  readonly kind: 'tf8';
  /** What it was opened by. */
  readonly name: string;
  readonly model: Tf8Model;
  readonly facts: ModelFacts;
}

/** A model with all that is known of it; a float model is the caller's to dispose. */
export type OpenedModel = OpenedFloatModel | OpenedTf8Model;

export interface OpenModelOptions {
  /** Of the images that a float model takes which does not say. */
  readonly inputRange?: InputRange | undefined;
  /** How images become its input, where the model does not say. */
  readonly preprocessing?: InputPreprocessing | undefined;
  /** Height and width of its images, where the model leaves them open. */
  readonly resolution?: ImageSize | undefined;
  /** Names of the tensors that a float model ends in; what TF8 can compute decides unless given. */
  readonly outputs?: readonly string[] | undefined;
}
