import { UserError } from '../../foundation/errors.ts';
import type { Tf8Plan } from '../../quantize/execute/plan.ts';
import type { TestImages } from '../analyze/test_images.ts';
import { BesideFloat } from '../compare/beside_float.ts';
import { ContestantMeter } from '../compare/contestant.ts';
import { type MeasuredOutputs, measuredOutputs, outputsOf } from '../compare/measured_outputs.ts';
import type { OpenedFloatModel } from '../open/open_model.ts';
import type { ComparedFigures } from '../records/comparison_record.ts';
import { option } from '../wording.ts';

/** What a quantized network is worth: beside the float network, on images that did not calibrate it. */
export type JudgedFigures = Pick<ComparedFigures, 'images' | 'agreement' | 'sqnrDb'>;

/** Judges quantized networks without labels; the float network ran once over the images. */
export class Judge {
  private readonly float: BesideFloat;
  private readonly outputs: MeasuredOutputs;

  private constructor(float: BesideFloat, outputs: MeasuredOutputs) {
    this.float = float;
    this.outputs = outputs;
  }

  /** @throws UserError where no image can be read; the signal's reason when aborted */
  static async open(opened: OpenedFloatModel, images: TestImages): Promise<Judge> {
    using float = await BesideFloat.open(opened, images, { keeps: true });
    const shown = await float.each(`${opened.name} in float`, () => {});
    if (shown > 0) return new Judge(float, measuredOutputs(float.graph, opened.facts.outputs));
    throw new UserError(
      'Expected at least one image to judge by but received none that can be read',
      {
        remedy: `Give a folder of images as ${option('data')}, or fewer ${option('calibrationImages')}.`,
      },
    );
  }

  async figures(plan: Tf8Plan, label: string): Promise<JudgedFigures> {
    const meter = new ContestantMeter(this.outputs, undefined);
    await this.float.each(label, ({ batch, outputs }) => {
      meter.add(outputs, outputsOf(plan, batch.images), batch);
    });
    const { images, agreement, sqnrDb } = meter.figures();
    return { images, agreement, sqnrDb };
  }
}

/** Decibels that a remedy must bring: less is chance. */
const LEAST_DB = 0.1;

/**
 * Whether a network is better than another: its outputs keep more, and, where they have classes, it agrees
 * with float no less often than by chance, one standard error.
 */
export function pays(after: JudgedFigures, before: JudgedFigures): boolean {
  if (after.sqnrDb <= before.sqnrDb + LEAST_DB) return false;
  if (after.agreement === null || before.agreement === null) return true;
  const share = before.agreement / 100;
  const standardError = 100 * Math.sqrt((share * (1 - share)) / before.images);
  return after.agreement >= before.agreement - standardError;
}
