import { rangeOf } from '../../quantize/convert/observed_range.ts';
import type { Tf8Plan } from '../../quantize/execute/plan.ts';
import { outputNodes, type Tf8Model } from '../../quantize/model/tf8_model.ts';
import { outputsOf } from '../compare/measured_outputs.ts';
import { outputSheet, type Photograph } from './output_sheet.ts';
import { isPicture } from './tensor_picture.ts';

/** An output of a network that is an image, beside what it was made of; each a PNG. */
export interface OutputPicture {
  readonly output: string;
  /** [H, W, C] of the output. */
  readonly shape: readonly number[];
  /** Absent where there is no float network. */
  readonly float?: Buffer;
  readonly tf8: Buffer;
}

/** Whether a network has an output that is an image. */
export function hasPictures(model: Tf8Model): boolean {
  return outputNodes(model).some(({ output }) => isPicture(output.shape));
}

/**
 * Pictures of the outputs that are images, float and TF8 in the same shades.
 * @param input [1, H, W, C] as the model takes it
 * @param float the float network's outputs [1, …], in the order of the model's
 */
export async function outputPictures(
  plan: Tf8Plan,
  input: Float32Array,
  float: readonly Float32Array[] | undefined,
  photograph: Photograph,
): Promise<readonly OutputPicture[]> {
  const made = outputsOf(plan, input);
  const pictures: OutputPicture[] = [];
  for (const [at, { name, output }] of outputNodes(plan.model).entries()) {
    const { shape } = output;
    if (!isPicture(shape)) continue;
    const own = float?.[at];
    const range = rangeOf(own ?? made[at]);
    const draw = (values: Float32Array) => outputSheet(values, shape, range, photograph);
    pictures.push({
      output: name,
      shape,
      ...(own !== undefined && { float: await draw(own) }),
      tf8: await draw(made[at]),
    });
  }
  return pictures;
}
