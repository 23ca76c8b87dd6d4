import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import { UserError } from '../../foundation/errors.ts';
import { fuseGraph } from '../../quantize/convert/fuse.ts';
import type { Tf8Plan } from '../../quantize/execute/plan.ts';
import type { TestImages } from '../analyze/test_images.ts';
import { ContestantMeter } from '../compare/contestant.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import type { ComparedFigures } from '../records/comparison_record.ts';
import { option } from '../wording.ts';

/** Images that go through a network at a time: bounds memory. */
const BATCH = 8;

/** What a quantized network is worth: beside the float network, on images that did not calibrate it. */
export type JudgedFigures = Pick<ComparedFigures, 'images' | 'agreement' | 'sqnrDb'>;

/** Judges quantized networks without labels; the float network ran once over the images. */
export class Judge {
  private readonly images: TestImages;
  /** Of each batch. */
  private readonly floats: readonly Float32Array[];

  private constructor(images: TestImages, floats: readonly Float32Array[]) {
    this.images = images;
    this.floats = floats;
  }

  /** @throws UserError where no image can be read; the signal's reason when aborted */
  static async open(opened: OpenedFloatModel, images: TestImages): Promise<Judge> {
    const runner = new FloatRunner(fuseGraph(opened.graph, { zeroVariance: 'keep' }));
    const floats: Float32Array[] = [];
    try {
      await images.each(`${opened.name} in float`, BATCH, (batch) => {
        floats.push(runner.outputs(batch.images, batch.shape)[0]);
      });
    } finally {
      runner.dispose();
    }
    if (floats.length > 0) return new Judge(images, floats);
    throw new UserError(
      'Expected at least one image to judge by but received none that can be read',
      {
        remedy: `Give a folder of images as ${option('data')}, or fewer ${option('calibrationImages')}.`,
      },
    );
  }

  async figures(plan: Tf8Plan, label: string): Promise<JudgedFigures> {
    const meter = new ContestantMeter(undefined);
    let batchAt = 0;
    await this.images.each(label, BATCH, (batch) => {
      meter.add(this.floats[batchAt++], plan.predict(batch.images), batch);
    });
    const { images, agreement, sqnrDb } = meter.figures();
    return { images, agreement, sqnrDb };
  }
}

/** Decibels that a remedy must bring: less is chance. */
const LEAST_DB = 0.1;

/**
 * Whether a network is better than another: its outputs keep more, and it agrees with float no less
 * often than by chance, one standard error.
 */
export function pays(after: JudgedFigures, before: JudgedFigures): boolean {
  const share = before.agreement / 100;
  const standardError = 100 * Math.sqrt((share * (1 - share)) / before.images);
  return (
    after.sqnrDb > before.sqnrDb + LEAST_DB && after.agreement >= before.agreement - standardError
  );
}
