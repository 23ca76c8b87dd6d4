import type * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import type { FloatNetwork } from '../../architectures/graph/float_network.ts';
import { withQuantizationErrors } from '../../quantize/convert/graph_errors.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { ModelFacts } from './model_facts.ts';

/** A float network with all that is known of it; the caller's to dispose. */
export class OpenedFloatModel {
  readonly kind = 'float';
  /** What it was opened by. */
  readonly name: string;
  readonly facts: ModelFacts;
  readonly network: FloatNetwork;

  constructor(name: string, network: FloatNetwork, facts: ModelFacts) {
    this.name = name;
    this.network = network;
    this.facts = facts;
  }

  /**
   * What it computes, as read: no pass has run.
   * @throws QuantizationError naming a layer that no graph can hold
   */
  get graph(): FloatGraph {
    return withQuantizationErrors(() => this.network.graph);
  }

  /** What training and re-architecture change. */
  get layersModel(): tf.LayersModel {
    return this.network.layersModel;
  }

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
