import type * as tf from '@tensorflow/tfjs';
import { logitsModel } from '../../architectures/logits_model.ts';
import type { StepNetwork, TrainingPass } from './step_network.ts';
import { useTrainingLayers } from './training_layers.ts';

/** A LayersModel as a step trains it, until `restore`. */
export class LayersNetwork implements StepNetwork {
  readonly weights: ReadonlyMap<string, tf.Variable>;
  readonly trained: ReadonlyMap<string, tf.Variable>;
  readonly statistics: readonly tf.Variable[];
  /** The layers are as before afterwards; the weights stay. */
  readonly restore: () => void;
  private readonly logits: tf.LayersModel;
  private dropoutSeed: tf.Tensor | undefined;

  constructor(model: tf.LayersModel) {
    this.logits = logitsModel(model);
    this.weights = variablesByName(model.weights);
    this.trained = variablesByName(model.trainableWeights);
    this.statistics = [...this.weights].flatMap(([name, variable]) =>
      this.trained.has(name) ? [] : [variable],
    );
    this.restore = useTrainingLayers(model, () => this.dropoutSeed!);
  }

  train(images: tf.Tensor, { seed }: Pick<TrainingPass, 'seed'>): tf.Tensor2D {
    this.dropoutSeed = seed;
    return this.logits.apply(images, { training: true }) as tf.Tensor2D;
  }

  predict(images: tf.Tensor): tf.Tensor2D {
    return this.logits.apply(images, { training: false }) as tf.Tensor2D;
  }
}

function variablesByName(weights: readonly tf.LayerVariable[]): Map<string, tf.Variable> {
  return new Map(
    weights.map((weight) => [weight.originalName, weight.read() as unknown as tf.Variable]),
  );
}
