/**
 * The HDF5 files of Keras 1 and 2, and of Keras 3 where it is asked for them: the attribute `model_config`
 * is the topology, and `model_weights` has a group for each layer of the outermost model, whose attribute
 * `weight_names` lists its weights in their order, those of inner models one after the other.
 */
import { readBounded } from '../../foundation/files/byte_source.ts';
import { type Hdf5Group, openHdf5 } from '../../foundation/hdf5/hdf5_file.ts';
import type { RefuseHdf5 } from '../../foundation/hdf5/hdf5_reader.ts';
import type { ImageSize } from '../input_affine.ts';
import { readKerasTopology } from '../tfjs/keras_topology.ts';
import { type StoredWeight, weightNames, weightOf } from '../tfjs/layer_weights.ts';
import { damagedKeras } from './errors.ts';
import { floatsOf } from './hdf5_floats.ts';
import { type KerasFileModel, kerasModel, parseJson } from './keras_model.ts';
import { numberedVariables } from './variables.ts';
import { type LayerVariables, weightsAlone } from './weights_alone.ts';

/** Above any network that is read here. */
const MAX_BYTES = 2 ** 31;

/**
 * Reads a Keras file in HDF5: a whole model, or the weights alone of a network that is known here.
 * @param resolution of the images of a network that leaves it open
 * @throws UserError where it is damaged, or naming the layer that is not supported
 */
export async function loadKerasH5(path: string, resolution?: ImageSize): Promise<KerasFileModel> {
  return readKerasH5(await readBounded(path, MAX_BYTES), path, resolution);
}

/**
 * As `loadKerasH5`.
 * @param path what errors call the file
 */
export async function readKerasH5(
  bytes: Uint8Array,
  path: string,
  resolution?: ImageSize,
): Promise<KerasFileModel> {
  const refuse = (reason: string) => damagedKeras(path, reason);
  const root = openHdf5(bytes, refuse);
  const config = root.text('model_config');
  if (config === undefined) return weightsAlone(layersOf(root, refuse), path, resolution);
  const topology = {
    model_config: parseJson(config, 'model_config', path),
    keras_version: root.text('keras_version'),
  };
  const weights = root.group('model_weights');
  if (weights === undefined) throw refuse('it has no group "model_weights"');
  return kerasModel(topology, weightsOf(topology, weights, path, refuse), path, resolution);
}

/**
 * The weights by the names "layer/weight". A layer's own come in their order, whatever they are called:
 * Keras keeps the names of a layer that was given another one.
 */
function weightsOf(
  topology: object,
  group: Hdf5Group,
  path: string,
  refuse: RefuseHdf5,
): StoredWeight[] {
  const { model } = readKerasTopology(topology, path);
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  return layerNames(group).flatMap((name) => {
    const inner = group.group(name);
    if (inner === undefined) throw refuse(`it lists the layer ${name} and has none`);
    const weights = namedWeights(inner, name, refuse);
    const layer = layers.get(name);
    // Not all layers of a sequential model list their calls; each that is written has one.
    const own =
      layer === undefined || layer.model !== undefined
        ? []
        : weightNames({ ...layer, calls: [{ inputs: [], constants: new Map(), kwargs: {} }] });
    return weights.map(({ spec, bytes }, index) => {
      const known = own.length === weights.length ? own[index] : undefined;
      const full = known === undefined ? `${name}/${spec.name}` : `${name}/${known}`;
      return { spec: { ...spec, name: full }, bytes };
    });
  });
}

/** Names of the layers in the order of the model. */
function layerNames(group: Hdf5Group): readonly string[] {
  return listed(group, 'layer_names') ?? group.names.filter((name) => name !== OUTERMOST);
}

/** Weights that belong to no layer. */
const OUTERMOST = 'top_level_model_weights';

/** A list of names, which Keras takes apart where it is too long for an attribute. */
function listed(group: Hdf5Group, attribute: string): readonly string[] | undefined {
  const whole = group.texts(attribute);
  if (whole !== undefined) return whole;
  const parts: string[] = [];
  for (let part = 0; ; part++) {
    const texts = group.texts(`${attribute}${part}`);
    if (texts === undefined) return part === 0 ? undefined : parts;
    parts.push(...texts);
  }
}

function namedWeights(group: Hdf5Group, layer: string, refuse: RefuseHdf5): StoredWeight[] {
  return (listed(group, 'weight_names') ?? []).map((name) => {
    const data = group.data(name);
    if (data === undefined)
      throw refuse(`the layer ${layer} lists the weight ${name} and has none`);
    return weightOf(name, data.shape, floatsOf(data, name, refuse));
  });
}

/** What each layer of a file of weights alone has, in the order of the model. */
function layersOf(root: Hdf5Group, refuse: RefuseHdf5): LayerVariables[] {
  if (root.group('layers') !== undefined && listed(root, 'layer_names') === undefined) {
    return numberedVariables(root, refuse);
  }
  const names = listed(root, 'layer_names');
  if (names === undefined) {
    throw refuse(
      'it is an HDF5 file of another program: it has neither a model_config nor layer_names',
    );
  }
  return names.map((name) => {
    const group = root.group(name);
    const weights = group === undefined ? [] : namedWeights(group, name, refuse);
    return {
      name,
      tensors: weights.map(({ spec: { shape }, bytes }) => ({ shape, values: floats(bytes) })),
    };
  });
}

function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
