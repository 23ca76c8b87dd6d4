import { topK } from '../../datasets/scoring/top_k.ts';
import { sqnrDb } from '../../quantize/params/sqnr.ts';
import type { GranularityRecord } from '../../workflows/records/granularity_record.ts';
import { figure } from '../explain/figure.ts';

type Outcome = Pick<
  GranularityRecord['networks'][number]['simulated'][number],
  'top1Percent' | 'agreementPercent' | 'logitsDb'
>;

/** Adds up what a network makes of images beside its float network. */
export class OutcomeMeter {
  private images = 0;
  private right = 0;
  private agreeing = 0;
  private sumDb = 0;

  /**
   * @param logits [N, classes] of the network, `float` those of the float network
   * @param labels [N] indices of the right classes among the logits
   */
  add(logits: Float32Array, float: Float32Array, labels: readonly number[]): void {
    const classes = logits.length / labels.length;
    labels.forEach((label, image) => {
      const own = logits.subarray(image * classes, (image + 1) * classes);
      const exact = float.subarray(image * classes, (image + 1) * classes);
      const [best] = topK(own, 1).indices;
      if (best === label) this.right++;
      if (best === topK(exact, 1).indices[0]) this.agreeing++;
      this.sumDb += sqnrDb(exact, own);
      this.images++;
    });
  }

  outcome(): Outcome {
    const { images, right, agreeing, sumDb } = this;
    return {
      top1Percent: (100 * right) / images,
      agreementPercent: (100 * agreeing) / images,
      logitsDb: figure(sumDb / images),
    };
  }
}
