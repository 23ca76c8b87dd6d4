import assert from 'node:assert/strict';
import { buildMobileNetV1 } from '../../architectures/build_mobilenet_v1.ts';
import { FRIENDLY, STANDARD, VARIANTS, type Variant } from '../../architectures/variants.ts';
import type { WeightTensor } from '../../checkpoints/weight_tensor.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import type { Teacher } from '../../training/step/soft_targets.ts';
import type { LocalTrainStep } from '../../training/step/train_step.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import {
  ADAM,
  batchOf,
  EVERYTHING,
  inputsOf,
  type Kind,
  RMSPROP,
  withStep,
  withTeacher,
} from '../training/step/support.ts';

type State = ReadonlyMap<string, WeightTensor>;

const STEPS = 20;
/**
 * Root mean squares of differences, as a share of those of the values (rounding; float32 has
 * 1.2 · 10⁻⁷) and of the step's changes (a gradient's terms may be summed in another order). Not the
 * largest difference: Adam divides by the gradient's size and magnifies the rounding of tiny ones.
 */
const OF_VALUES = 3e-7;
const OF_CHANGES = 1e-4;

const optimizers = [RMSPROP, ADAM].map((recipe) => [recipe.optimizer.kind, recipe] as const);

function rms(values: ArrayLike<number>): number {
  return rmsDifference(values, new Float32Array(values.length));
}

function rmsDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum / a.length);
}

/**
 * Before a batch norm a constant has no effect: the gradients of depthwise biases without batch norm
 * of their own are rounding alone. Their scale is that of the layer's kernel; and Adam, which takes
 * steps of one size whatever the gradient's, may take any.
 */
function toleranceOf(name: string, before: State, after: State, { optimizer }: Recipe): number {
  const scaled = name.replace('_depthwise/bias', '_depthwise/depthwise_kernel');
  const { values } = after.get(scaled)!;
  const tolerance =
    OF_VALUES * rms(values) + OF_CHANGES * rmsDifference(values, before.get(scaled)!.values);
  const isAdamsWeight = optimizer.kind === 'adam' && !/\/Adam(_1)?$/.test(name);
  const rate = inputsOf(0, { ...RMSPROP, optimizer }).learningRate;
  return scaled !== name && isAdamsWeight ? 2 * rate : tolerance;
}

function assertAgree(received: State, expected: State, before: State, recipe: Recipe): void {
  assert.deepEqual([...received.keys()], [...expected.keys()]);
  for (const [name, { values }] of expected) {
    const difference = rmsDifference(received.get(name)!.values, values);
    const tolerance = toleranceOf(name, before, expected, recipe);
    assert.ok(difference <= tolerance, `${name} differs by ${difference}, allowed ${tolerance}`);
  }
}

/**
 * Each step starts from the eager run's state. Runs that are left to themselves say less: see the
 * last tests.
 */
function assertLockStep(variant: Variant, recipe: Recipe, teacher?: Teacher): void {
  const both = (body: (eager: LocalTrainStep, compiled: LocalTrainStep) => void) =>
    withStep(
      'eager',
      variant,
      recipe,
      (eager) =>
        withStep(
          'compiled',
          variant,
          recipe,
          (compiled) => body(eager, compiled),
          teacher,
          buildMobileNetV1,
        ),
      teacher,
      buildMobileNetV1,
    );
  both((eager, compiled) => {
    let before = eager.readState();
    for (let step = 0; step < STEPS; step++) {
      compiled.writeState(before);
      const [batch, inputs] = [batchOf(8, step), inputsOf(step, recipe)];
      const expected = eager.run(batch, inputs);
      const received = compiled.run(batch, inputs);
      const difference = Math.abs(received.loss - expected.loss);
      assert.ok(difference <= 1e-6 * expected.loss, `loss ${received.loss}, ${expected.loss}`);
      assert.equal(received.correct, expected.correct);
      const after = eager.readState();
      assertAgree(compiled.readState(), after, before, recipe);
      before = after;
    }
  });
}

describe('compiled and eager step', () => {
  before(needsTensorFlow);

  for (const variant of VARIANTS) {
    for (const [optimizer, recipe] of optimizers) {
      it(`${variant.name}, ${optimizer}, dropout, label smoothing, averages: ${STEPS} steps from equal states agree`, () => {
        assertLockStep(variant, { ...recipe, ...EVERYTHING });
      });
    }
  }

  for (const [optimizer, recipe] of optimizers) {
    it(`standard, ${optimizer} and nothing else: ${STEPS} steps from equal states agree`, () => {
      assertLockStep(STANDARD, recipe);
    });
  }

  it(`friendly, distilled from a teacher: ${STEPS} steps from equal states agree`, () => {
    withTeacher(
      { weight: 0.6, temperature: 3 },
      (teacher) => assertLockStep(FRIENDLY, { ...RMSPROP, ...EVERYTHING }, teacher),
      buildMobileNetV1,
    );
  });

  /**
   * Left to themselves, trainings drift apart: a rounding flips the ReLU6 of a value at its bound, the
   * gradient changes, and 27 layers with batch norms magnify that. How fast is a matter of the network,
   * not of who computes it: so the compiled run is measured by an eager one from weights that differ
   * in their last bit. The standard network drifts within ten steps, the friendly one hardly.
   */
  for (const variant of [STANDARD, FRIENDLY]) {
    const { name } = variant;
    it(`${name}: left to themselves they stay together as long as eager runs from weights a rounding apart`, () => {
      const start = withWhole('eager', variant, (step) => step.readState());
      const neighbour = new Map([...start].map(([weight, tensor]) => [weight, nudged(tensor)]));
      const eager = trajectory('eager', variant, start);
      const compiled = trajectory('compiled', variant, start);
      const moved = trajectory('eager', variant, neighbour);
      const apart = (states: readonly State[]) =>
        states.map((state, step) => distance(state, eager[step], start));
      const [received, natural] = [apart(compiled), apart(moved)];
      assert.ok(
        stepsTogether(received) >= stepsTogether(natural) - 2,
        `compiled ${received}, eager ${natural}`,
      );
      if (stepsTogether(natural) === STEPS) assert.ok(received.at(-1)! <= 1e-4, `${received}`);
    });
  }

  const FREE = { ...RMSPROP, ...EVERYTHING, dropout: 0 };

  const withWhole = <T>(kind: Kind, variant: Variant, body: (step: LocalTrainStep) => T): T =>
    withStep(kind, variant, FREE, body, undefined, buildMobileNetV1);

  /** The state after each step from `start`. */
  function trajectory(kind: Kind, variant: Variant, start: State): State[] {
    return withWhole(kind, variant, (step) => {
      step.writeState(start);
      return Array.from({ length: STEPS }, (_, number) => {
        step.run(batchOf(8, number % 4), { learningRate: 0.001, seed: 1, step: number });
        return step.readState();
      });
    });
  }

  /** Until they are 1 % of the way apart. */
  function stepsTogether(distances: readonly number[]): number {
    const first = distances.findIndex((value) => value > 0.01);
    return first === -1 ? STEPS : first;
  }

  /** Each number's last bit is another. */
  function nudged({ shape, values }: WeightTensor): WeightTensor {
    const sign = (i: number) => (i % 2 === 0 ? 1 : -1);
    return {
      shape,
      values: Float32Array.from(values, (value, i) => value * (1 + sign(i) * 2 ** -23)),
    };
  }

  /** |a − b| over all kernels, as a share of the way that b has come from `start`. */
  function distance(a: State, b: State, start: State): number {
    let [apart, way] = [0, 0];
    for (const [name, { values }] of b) {
      if (!name.endsWith('kernel')) continue;
      values.forEach((value, i) => {
        apart += (value - a.get(name)!.values[i]) ** 2;
        way += (value - start.get(name)!.values[i]) ** 2;
      });
    }
    return Math.sqrt(apart / way);
  }
});
