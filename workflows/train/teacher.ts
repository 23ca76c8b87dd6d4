import { SQUEEZED_LOGITS } from '../../architectures/logits_model.ts';
import type { NetworkConfig } from '../../architectures/network.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { type OpenFloatModel, openFloatModel } from '../open/open_model.ts';

/**
 * Opens the model that a network is distilled from.
 * @throws UserError where it reads images of another size, has another number of outputs or has no
 *   logits; openFloatModel's errors
 */
export async function openTeacher(
  reference: string,
  { resolution, classes }: NetworkConfig,
  context: Context,
): Promise<OpenFloatModel> {
  const teacher = await openFloatModel(reference, context);
  const refuse = (expected: string, received: string, remedy: string): UserError => {
    teacher.model.dispose();
    return new UserError(`Expected a teacher ${expected}, but ${teacher.name} has ${received}`, {
      remedy,
    });
  };
  const { inputs, outputs, layers } = teacher.model;
  const [side] = inputs[0].shape.slice(1);
  const outputCount = outputs[0].shape.at(-1);
  if (outputCount !== classes) {
    throw refuse(
      `with ${classes} outputs, as the network that it is to teach`,
      `${outputCount}`,
      'Pass a teacher that was trained on the same data set.',
    );
  }
  if (side !== resolution) {
    throw refuse(
      `that reads images of ${resolution} × ${resolution}, as the network that it is to teach`,
      `an input of ${inputs[0].shape.slice(1, 3).join(' × ')}`,
      `Pass --resolution ${side}, or a teacher that was trained at ${resolution}.`,
    );
  }
  if (!layers.some(({ name }) => name === SQUEEZED_LOGITS)) {
    throw refuse(
      `whose logits are the outputs of a layer ${SQUEEZED_LOGITS}`,
      'none',
      'Pass a model that "tf8 train" or "tf8 pull" stored.',
    );
  }
  return teacher;
}
