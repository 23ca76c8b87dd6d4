import type * as tf from '@tensorflow/tfjs';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import type { ModelFacts } from './model_facts.ts';

export interface OpenedFloatModel {
  readonly kind: 'float';
  /** What it was opened by. */
  readonly name: string;
  readonly model: tf.LayersModel;
  readonly facts: ModelFacts;
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
