import { createHash } from 'node:crypto';
import type { WeightTensor } from '../../../checkpoints/weight_tensor.ts';
import type { LabelledBatch } from '../../../datasets/dataset.ts';
import type { StepInputs, StepResult, TrainStep } from '../../../training/step/train_step.ts';

/** What a step was called with. */
export interface StepCall extends StepInputs {
  readonly names: readonly string[];
}

/**
 * A step without a network: its one weight and its one slot depend on every image, label, learning
 * rate and seed that it was given, and on their order.
 */
export class FakeStep implements TrainStep {
  readonly kind = 'eager';
  readonly calls: StepCall[] = [];
  predictions = 0;
  weight = 0.5;
  slot = 0;
  private readonly classes: number;
  private readonly lossAt: (step: number) => number;
  private readonly weightAt: ((step: number) => number) | undefined;

  /**
   * @param changes.lossAt the loss of a step, counted from 1
   * @param changes.weightAt the weight after a step
   */
  constructor(
    changes: {
      readonly classes?: number;
      readonly lossAt?: (step: number) => number;
      readonly weightAt?: (step: number) => number;
    } = {},
  ) {
    this.classes = changes.classes ?? 4;
    this.lossAt = changes.lossAt ?? ((step) => 2 / step);
    this.weightAt = changes.weightAt;
  }

  run(batch: LabelledBatch, inputs: StepInputs): StepResult {
    this.calls.push({ names: batch.names, ...inputs });
    const digest = createHash('sha256')
      .update(JSON.stringify([batch.names, [...batch.labels], inputs, this.weight, this.slot]))
      .update(batch.images)
      .digest();
    this.weight = Math.fround(this.weightAt?.(inputs.step + 1) ?? digest.readUInt32BE(0) / 2 ** 32);
    this.slot = Math.fround(digest.readUInt32BE(4) / 2 ** 32);
    return {
      loss: this.lossAt(inputs.step + 1),
      correct: Math.floor(this.slot * (batch.shape[0] + 1)),
    };
  }

  /** Of class c: a wave whose phase is the weight. */
  predict(_images: Float32Array, [count]: LabelledBatch['shape']): Float32Array {
    this.predictions++;
    return Float32Array.from({ length: count * this.classes }, (_, i) =>
      Math.sin(i + 10 * this.weight),
    );
  }

  readState(): ReadonlyMap<string, WeightTensor> {
    const tensor = (value: number) => ({ shape: [1], values: Float32Array.of(value) });
    return new Map([
      ['weight', tensor(this.weight)],
      ['weight/Momentum', tensor(this.slot)],
    ]);
  }

  writeState(state: ReadonlyMap<string, WeightTensor>): void {
    this.weight = state.get('weight')!.values[0];
    this.slot = state.get('weight/Momentum')!.values[0];
  }

  updateModel(): void {}

  dispose(): void {}
}
