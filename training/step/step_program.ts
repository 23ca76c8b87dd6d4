import * as tf from '@tensorflow/tfjs';
import type { Recipe } from '../recipes/recipe.ts';
import { joinShares } from './joint_batch.ts';
import { LayersNetwork } from './layers_network.ts';
import { createOptimizer, type Optimizer } from './optimizer.ts';
import { SoftTargets, type Teacher, type TeachingModel } from './soft_targets.ts';
import type { StepNetwork, TrainingPass } from './step_network.ts';

export interface ProgramOptions {
  /** Whether the recipe's `depthwiseWeightDecay` applies. */
  readonly regularizeDepthwise: boolean;
  /** A network of the same input and the same outputs; the labels alone teach without it. */
  readonly teacher?: Teacher<TeachingModel> | undefined;
  /**
   * Of a worker among others: the sum of the workers' vectors, within a compiled function. A step is then
   * that of the joint batch; batch norms normalize by the images of each share.
   */
  readonly sumOfStep?: ((vector: tf.Tensor1D) => tf.Tensor1D) | undefined;
}

/** What a step trains. */
export type TrainedModel = tf.LayersModel | StepNetwork;

/**
 * The training step of a model as functions over tensors: run operation by operation they are the
 * eager step, compiled the fast one. Owns the optimizer's slots and the moving averages.
 */
export class StepProgram {
  /** What the training changes, by the names of `TrainStep.readState`. */
  readonly state: ReadonlyMap<string, tf.Variable>;
  /** Of what it reads, the variables that it never changes: the teacher's. */
  readonly constants: readonly tf.Variable[];
  private readonly network: StepNetwork;
  private readonly recipe: Recipe;
  private readonly options: ProgramOptions;
  private readonly weights: ReadonlyMap<string, tf.Variable>;
  private readonly trained: ReadonlyMap<string, tf.Variable>;
  private readonly averages: ReadonlyMap<string, tf.Variable>;
  private readonly optimizer: Optimizer;
  private readonly softTargets: SoftTargets | undefined;
  /** The training's own weights, while the model holds their averages. */
  private setAside: ReadonlyMap<string, tf.Tensor> | undefined;

  /** @param model whose layers the program uses until `dispose`, or a network that is trained otherwise */
  constructor(model: TrainedModel, recipe: Recipe, options: ProgramOptions) {
    this.network = model instanceof tf.LayersModel ? new LayersNetwork(model) : model;
    this.recipe = recipe;
    this.options = options;
    const { teacher } = options;
    // A teacher that does not count costs nothing, and the loss is the cross-entropy bit for bit.
    this.softTargets = teacher && teacher.weight > 0 ? new SoftTargets(teacher) : undefined;
    this.constants = this.softTargets?.constants ?? [];
    this.weights = this.network.weights;
    this.trained = this.network.trained;
    this.optimizer = createOptimizer(recipe.optimizer, this.trained);
    this.averages = recipe.movingAverageDecay === undefined ? new Map() : copies(this.weights);
    this.state = new Map([
      ...this.weights,
      ...this.optimizer.slots,
      ...[...this.averages].map(
        ([name, average]) => [`${name}/ExponentialMovingAverage`, average] as const,
      ),
    ]);
  }

  /**
   * Forward, backward, batch-norm statistics, weights, averages.
   * @param inputs images [N, H, W, 3] float32, labels [N] int32, learningRate and stepsBefore
   *   (steps done before) float32 scalars, seed int32 [2], progress float32 scalar where the network
   *   follows it; of a worker among others: share (images of
   *   its share that count) float32 scalar, told float32 [N]
   * @returns loss (mean over the batch, see `StepResult`) and correct (images classified right, int32); of
   *   a worker among others those of the joint batch, its images, and the sum of what was told
   */
  readonly train = (inputs: tf.NamedTensorMap): tf.NamedTensorMap => {
    const { images, labels, learningRate, stepsBefore } = inputs as Record<string, tf.Tensor>;
    const targets = this.softTargets?.logProbabilities(images);
    let correct: tf.Tensor | undefined;
    const { value: loss, grads } = tf.variableGrads(() => {
      const logits = this.network.train(images, inputs as unknown as TrainingPass);
      correct = tf.keep(logits.argMax(1).equal(labels).cast('int32').sum());
      return this.loss(logits, labels, targets);
    }, [...this.trained.values()]);
    const names = [...this.trained.keys()];
    const mine = {
      gradients: names.map((name) => grads[this.trained.get(name)!.name]),
      figures: { loss, correct: handOver(correct!) },
    };
    const { gradients, figures } = this.options.sumOfStep ? this.joint(mine, inputs) : mine;
    const stepNumber = stepsBefore.add(1);
    names.forEach((name, n) => {
      const gradient = this.regularized(name, this.trained.get(name)!, gradients[n]);
      this.optimizer.apply(name, gradient, { learningRate, stepNumber });
    });
    this.follow(stepsBefore);
    return { ...figures };
  };

  /** images [N, H, W, 3] → logits [N, classes] by the weights that the training is to give. */
  readonly predict = ({ images }: tf.NamedTensorMap): tf.NamedTensorMap => {
    this.useAverages();
    try {
      return { logits: this.network.predict(images) };
    } finally {
      this.restoreWeights();
    }
  };

  /** Gives the model the averages, where the recipe keeps them, until `restoreWeights`. */
  useAverages(): void {
    if (this.averages.size === 0 || this.setAside !== undefined) return;
    this.setAside = new Map(
      [...this.weights].map(([name, variable]) => [name, tf.keep(variable.clone())]),
    );
    for (const [name, average] of this.averages) this.weights.get(name)!.assign(average);
  }

  restoreWeights(): void {
    if (this.setAside === undefined) return;
    for (const [name, weight] of this.setAside) this.weights.get(name)!.assign(weight);
    tf.dispose([...this.setAside.values()]);
    this.setAside = undefined;
  }

  /** Whether a step asks for `StepInputs.progress`. */
  get followsProgress(): boolean {
    return this.network.followsProgress === true;
  }

  /** The model keeps the weights it has. */
  dispose(): void {
    if (this.network instanceof LayersNetwork) this.network.restore();
    tf.dispose([...this.optimizer.slots.values(), ...this.averages.values()]);
    if (this.setAside !== undefined) tf.dispose([...this.setAside.values()]);
    this.setAside = undefined;
  }

  /** The gradients and figures of the joint batch; the statistics of batch norms become its as well. */
  private joint(mine: StepParts, { share, told }: tf.NamedTensorMap): StepParts {
    const { gradients, figures } = mine;
    const { statistics } = this.network;
    const { means, ...joint } = joinShares(
      {
        means: [...gradients, ...statistics, figures.loss],
        correct: figures.correct,
        images: share,
        told,
      },
      this.options.sumOfStep!,
    );
    statistics.forEach((variable, n) => {
      variable.assign(means[gradients.length + n]);
    });
    return {
      gradients: means.slice(0, gradients.length),
      figures: { loss: means.at(-1)!, ...joint },
    };
  }

  /** @param targets of the teacher, where there is one */
  private loss(
    logits: tf.Tensor2D,
    labels: tf.Tensor,
    targets: tf.Tensor2D | undefined,
  ): tf.Scalar {
    if (this.softTargets === undefined) return this.crossEntropy(logits, labels);
    const { weight } = this.softTargets;
    const soft = this.softTargets.loss(logits, targets!);
    if (weight === 1) return soft;
    return this.crossEntropy(logits, labels)
      .mul(1 - weight)
      .add(soft.mul(weight));
  }

  private crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor): tf.Scalar {
    const expected = tf.oneHot(labels, logits.shape[1]);
    const { labelSmoothing } = this.recipe;
    return tf.losses.softmaxCrossEntropy(expected, logits, undefined, labelSmoothing).asScalar();
  }

  private regularized(name: string, variable: tf.Variable, gradient: tf.Tensor): tf.Tensor {
    const decay = decayOf(name, this.recipe, this.options.regularizeDepthwise);
    return decay === 0 ? gradient : gradient.add(variable.mul(decay));
  }

  /** average ← d · average + (1 − d) · weight, d = min(decay, (1 + step) / (10 + step)). */
  private follow(stepsBefore: tf.Tensor): void {
    const { movingAverageDecay } = this.recipe;
    if (movingAverageDecay === undefined) return;
    // tf.train.ExponentialMovingAverage counts the step that has just been done.
    const decay = stepsBefore.add(2).div(stepsBefore.add(11)).minimum(movingAverageDecay);
    for (const [name, average] of this.averages) {
      const weight = this.weights.get(name)!;
      average.assign(weight.add(average.sub(weight).mul(decay)));
    }
  }
}

/** What a step knows before it changes weights. */
interface StepParts {
  /** In the order of the trained weights. */
  readonly gradients: readonly tf.Tensor[];
  readonly figures: Readonly<Record<'loss' | 'correct', tf.Tensor>> &
    Partial<Record<'images' | 'told', tf.Tensor>>;
}

/** A kept tensor's value as one that the tidy around disposes of. */
function handOver(kept: tf.Tensor): tf.Tensor {
  const tensor = kept.clone();
  kept.dispose();
  return tensor;
}

/** slim: convolution weights decay, depthwise ones only on request; biases, γ and β do not. */
function decayOf(weightName: string, recipe: Recipe, regularizeDepthwise: boolean): number {
  if (weightName.endsWith('/depthwise_kernel')) {
    return regularizeDepthwise ? recipe.depthwiseWeightDecay : 0;
  }
  return weightName.endsWith('/kernel') ? recipe.weightDecay : 0;
}

function copies(variables: ReadonlyMap<string, tf.Variable>): Map<string, tf.Variable> {
  return new Map(
    [...variables].map(([name, variable]) => [name, tf.variable(variable, false)] as const),
  );
}
