/** The files `.keras` of Keras 3: a zip of the topology, its version and the weights in HDF5. */
import { extractZipMember } from '../../foundation/downloads/extract_zip_member.ts';
import { openHdf5 } from '../../foundation/hdf5/hdf5_file.ts';
import type { ImageSize } from '../input_affine.ts';
import { readKerasTopology } from '../tfjs/keras_topology.ts';
import { isFields } from '../tfjs/keras_values.ts';
import { damagedKeras } from './errors.ts';
import { KERAS_CONFIG } from './keras_config.ts';
import { type KerasFileModel, kerasModel, parseJson } from './keras_model.ts';
import { variablesOf } from './variables.ts';

/** Above any network's description: that of an InceptionV3 has 0.2 MB. */
const MAX_JSON_BYTES = 64 * 2 ** 20;
const MAX_WEIGHT_BYTES = 2 ** 31;

/**
 * Reads a `.keras` file.
 * @param resolution of the images of a network that leaves it open
 * @throws UserError where it is damaged, or naming the layer that is not supported
 */
export async function loadKerasZip(path: string, resolution?: ImageSize): Promise<KerasFileModel> {
  const member = (name: string, most: number) =>
    extractZipMember(path, name, most, 'Get the file again, or save the model again.');
  const json = async (name: string) =>
    parseJson(new TextDecoder().decode(await member(name, MAX_JSON_BYTES)), name, path);
  const config = await json(KERAS_CONFIG);
  const metadata = await json('metadata.json');
  const topology = {
    model_config: config,
    keras_version: isFields(metadata) ? metadata.keras_version : undefined,
  };
  const refuse = (reason: string) => damagedKeras(path, reason);
  const { model } = readKerasTopology(topology, path);
  const root = openHdf5(await member('model.weights.h5', MAX_WEIGHT_BYTES), refuse);
  return kerasModel(topology, variablesOf(model, root, refuse), path, resolution);
}
