import type { ImageBatch } from '../../datasets/dataset.ts';
import { SqnrMeter } from '../../quantize/analyze/sqnr_meter.ts';
import { OutcomeMeter } from '../analyze/outcome_meter.ts';
import type { ComparedFigures } from '../records/comparison_record.ts';

/** Collects what becomes of a network's outputs beside those of the float network. */
export class ContestantMeter {
  private readonly outcome: OutcomeMeter;
  private readonly sqnr = new SqnrMeter();

  /** @param labelOffset the output of class 0; undefined where the images have no classes of the network */
  constructor(labelOffset: number | undefined) {
    this.outcome = new OutcomeMeter(labelOffset);
  }

  /** @param float [N, classes] as are `outputs` */
  add(float: Float32Array, outputs: Float32Array, batch: ImageBatch): void {
    this.outcome.add({ float, tf8: outputs }, batch);
    this.sqnr.compare(float, outputs, batch.shape[0]);
  }

  figures(): ComparedFigures {
    const { agreement, accuracy } = this.outcome.outcome();
    const { images, agreeing } = agreement;
    return {
      images,
      top1: accuracy?.tf8.top1 ?? null,
      top5: accuracy?.tf8.top5 ?? null,
      agreement: (100 * agreeing) / images,
      sqnrDb: this.sqnr.statistics().meanDb,
    };
  }
}
