import type { ImageBatch } from '../../datasets/dataset.ts';
import { SqnrMeter } from '../../quantize/analyze/sqnr_meter.ts';
import { OutcomeMeter } from '../analyze/outcome_meter.ts';
import type { ComparedFigures } from '../records/comparison_record.ts';
import { mean } from '../records/statistics.ts';
import type { MeasuredOutput, MeasuredOutputs } from './measured_outputs.ts';

/** Collects what becomes of a network's outputs beside those of the float network. */
export class ContestantMeter {
  private readonly outputs: readonly OutputMeter[];
  private readonly main: OutputMeter | undefined;
  private images = 0;

  /** @param labelOffset the value of class 0; undefined where the images have no classes of the network */
  constructor({ all, main, hasLabels }: MeasuredOutputs, labelOffset: number | undefined) {
    this.outputs = all.map((output, at) => {
      return new OutputMeter(output, at === main && hasLabels ? labelOffset : undefined);
    });
    this.main = main === undefined ? undefined : this.outputs[main];
  }

  /**
   * @param float of each output, [N, …]
   * @param made the same of the network
   */
  add(float: readonly Float32Array[], made: readonly Float32Array[], batch: ImageBatch): void {
    for (const [at, output] of this.outputs.entries()) output.add(float[at], made[at], batch);
    this.images += batch.shape[0];
  }

  figures(): ComparedFigures {
    const { outputs, images, main } = this;
    const { tf8: accuracy, onlyFloatRight = null, onlyTf8Right = null } = main?.accuracy ?? {};
    const each = outputs.map((output) => output.figures());
    return {
      images,
      top1: accuracy?.top1 ?? null,
      top5: accuracy?.top5 ?? null,
      onlyFloatRight,
      onlyTf8Right,
      agreement: main?.agreement ?? null,
      sqnrDb: meanDb(each.map(({ sqnrDb }) => sqnrDb)),
      ...(each.length > 1 && { outputs: each }),
    };
  }
}

class OutputMeter {
  private readonly output: MeasuredOutput;
  private readonly outcome: OutcomeMeter;
  private readonly sqnr = new SqnrMeter();

  constructor(output: MeasuredOutput, labelOffset: number | undefined) {
    this.output = output;
    this.outcome = new OutcomeMeter(labelOffset);
  }

  get accuracy() {
    return this.outcome.outcome().accuracy;
  }

  /** Images with the same first class, in percent; null where the output has no classes. */
  get agreement(): number | null {
    if (!this.output.hasClasses) return null;
    const { images, agreeing } = this.outcome.outcome().agreement;
    return (100 * agreeing) / images;
  }

  add(float: Float32Array, tf8: Float32Array, batch: ImageBatch): void {
    if (this.output.hasClasses) this.outcome.add({ float, tf8 }, batch);
    this.sqnr.compare(float, tf8, batch.shape[0]);
  }

  figures(): NonNullable<ComparedFigures['outputs']>[number] {
    const { sqnr, agreement, output } = this;
    return { name: output.name, agreement, sqnrDb: sqnr.statistics().meanDb };
  }
}

/** Over the outputs that lose something; Infinity where none does. */
function meanDb(all: readonly number[]): number {
  const lossy = all.filter((db) => db !== Infinity);
  return lossy.length === 0 ? Infinity : mean(lossy);
}
