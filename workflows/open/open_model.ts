import { readBounded } from '../../foundation/files/byte_source.ts';
import { importOptional } from '../../foundation/optional_package.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { decodeTf8 } from '../../quantize/model/tf8_file.ts';
import { floatPlace, type ModelPlace, modelPlace } from './model_place.ts';
import type { OpenedFloatModel, OpenedModel, OpenModelOptions } from './opened_model.ts';
import { tf8Facts } from './tf8_facts.ts';

export {
  OpenedFloatModel,
  type OpenedModel,
  type OpenedTf8Model,
  type OpenModelOptions,
} from './opened_model.ts';

/** Above any TF8 model: the weights of an InceptionV3 have 24 MB. */
const MAX_TF8_BYTES = 512 * 2 ** 20;

/**
 * Opens what a command calls MODEL: a TF8 file, a float model of any program whose files are read
 * (`floatModelPlace`), or the name of a public checkpoint, which is pulled if it is not there yet. A path
 * that exists comes before a name.
 * @throws UserError when it is none of these, or damaged
 */
export async function openModel(
  reference: string,
  context: Context,
  options: OpenModelOptions = {},
): Promise<OpenedModel> {
  const place = await modelPlace(reference);
  if (place.kind !== 'tf8') return openPlace(reference, place, options, context);
  const bytes = await readBounded(place.path, MAX_TF8_BYTES);
  const model = await decodeTf8(bytes, place.path);
  return { kind: 'tf8', name: reference, model, facts: tf8Facts(model) };
}

/**
 * As `openModel`, for work that needs the float network.
 * @throws UserError for a TF8 file; as `openModel` does
 */
export async function openFloatModel(
  reference: string,
  context: Context,
  options: OpenModelOptions = {},
): Promise<OpenedFloatModel> {
  return openPlace(reference, await floatPlace(reference), options, context);
}

async function openPlace(
  reference: string,
  place: Exclude<ModelPlace, { readonly kind: 'tf8' }>,
  options: OpenModelOptions,
  context: Context,
): Promise<OpenedFloatModel> {
  // What reads float models needs TensorFlow.js; a TF8 file opens without.
  const { openFloat, pullImageNet } = await importOptional(() => import('./open_float.ts'));
  if (place.kind === 'float') return openFloat(place.place, reference, options, context);
  const { dir } = await pullImageNet(reference, context);
  return openFloat({ kind: 'tfjs', path: dir }, reference, options, context);
}
