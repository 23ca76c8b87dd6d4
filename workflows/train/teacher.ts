import { hasLogits } from '../../architectures/logits_model.ts';
import type { NetworkConfig } from '../../architectures/network.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { InputRange } from '../open/model_facts.ts';
import { isSameRange, rangeTitle, requireSquareRgb } from '../open/model_input.ts';
import { type OpenedFloatModel, openFloatModel } from '../open/open_model.ts';
import { call, option } from '../wording.ts';

/**
 * Opens the model that a network is distilled from.
 * @param range of the images that the network takes; the teacher's own unless given
 * @throws UserError where it reads images of another size or range, has another number of outputs or
 *   has no logits; openFloatModel's errors
 */
export async function openTeacher(
  reference: string,
  { resolution, classes }: Pick<NetworkConfig, 'resolution' | 'classes'>,
  range: InputRange | undefined,
  context: Context,
): Promise<OpenedFloatModel> {
  const teacher = await openFloatModel(reference, context);
  requireSquareRgb(teacher);
  const refuse = (expected: string, received: string, remedy: string): UserError => {
    teacher.dispose();
    return new UserError(`Expected a teacher ${expected}, but ${teacher.name} has ${received}`, {
      remedy,
    });
  };
  const { input, outputs } = teacher.facts;
  const [side] = input.shape;
  if (outputs !== classes) {
    throw refuse(
      `with ${classes} outputs, as the network that it is to teach`,
      `${outputs}`,
      'Pass a teacher that was trained on the same data set.',
    );
  }
  if (side !== resolution) {
    throw refuse(
      `that reads images of ${resolution} × ${resolution}, as the network that it is to teach`,
      `an input of ${input.shape.slice(0, 2).join(' × ')}`,
      `Pass ${option('resolution', side!)}, or a teacher that was trained at ${resolution}.`,
    );
  }
  if (range !== undefined && !isSameRange(input.range, range)) {
    throw refuse(
      `of images in ${rangeTitle(range)}, as the network that it is to teach`,
      `images in ${rangeTitle(input.range)}`,
      'Pass a teacher that takes images as the model to start from does.',
    );
  }
  if (!hasLogits(teacher.layersModel)) {
    throw refuse(
      'whose logits are the outputs of a layer SpatialSqueeze, or the inputs of a softmax',
      'none',
      `Pass a model that ${call('train')} or ${call('pull')} stored.`,
    );
  }
  return teacher;
}
