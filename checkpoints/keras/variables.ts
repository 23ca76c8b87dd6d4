/**
 * Where Keras 3 keeps variables in HDF5: `layers/conv1/vars/0`, and those of an inner model in
 * `layers/inner/layers/…`. Each layer has its own name, or, by its first versions, that of its class with a
 * number: `conv2d`, `conv2d_1`.
 */
import type { Hdf5Group } from '../../foundation/hdf5/hdf5_file.ts';
import type { RefuseHdf5 } from '../../foundation/hdf5/hdf5_reader.ts';
import type { KerasLayer, KerasModel } from '../tfjs/keras_topology.ts';
import { classPath, type StoredWeight, weightNames, weightOf } from '../tfjs/layer_weights.ts';
import type { WeightTensor } from '../weight_tensor.ts';
import { floatsOf } from './hdf5_floats.ts';
import type { LayerVariables } from './weights_alone.ts';

/** The weights of all layers, named by the models that they are in: "inner/conv1/kernel". */
export function variablesOf(
  model: KerasModel,
  group: Hdf5Group,
  refuse: RefuseHdf5,
  models: readonly string[] = [],
): StoredWeight[] {
  const layers = group.group('layers');
  if (layers === undefined) {
    if (models.length > 0 || !model.layers.some(hasWeights)) return [];
    throw refuse('it has no group "layers"');
  }
  const names = groupNames(model, layers);
  return model.layers.flatMap((layer) => {
    const own = layers.group(names.get(layer)!);
    if (own === undefined) return [];
    if (layer.model !== undefined) {
      return variablesOf(layer.model, own, refuse, [...models, layer.name]);
    }
    const tensors = tensorsOf(own, layer.name, refuse);
    return namesOf(layer).flatMap((name, index) => {
      const tensor = tensors[index];
      if (tensor === undefined) return [];
      return [weightOf([...models, layer.name, name].join('/'), tensor.shape, tensor.values)];
    });
  });
}

/** Each layer's name in the file: its own where all that have weights are there by their own. */
function groupNames(model: KerasModel, layers: Hdf5Group): ReadonlyMap<KerasLayer, string> {
  const present = new Set(layers.names);
  const isNamed = model.layers.filter(hasWeights).every(({ name }) => present.has(name));
  const counts = new Map<string, number>();
  return new Map(
    model.layers.map((layer) => {
      const base = layer.className === 'Model' ? 'functional' : classPath(layer.className);
      const count = counts.get(base) ?? 0;
      counts.set(base, count + 1);
      const numbered = count === 0 ? base : `${base}_${count}`;
      return [layer, isNamed ? layer.name : numbered];
    }),
  );
}

function hasWeights(layer: KerasLayer): boolean {
  return layer.model === undefined
    ? namesOf(layer).length > 0
    : layer.model.layers.some(hasWeights);
}

/** Not all layers of a sequential model list their calls. */
function namesOf(layer: KerasLayer): readonly string[] {
  return weightNames({ ...layer, calls: [{ inputs: [], constants: new Map(), kwargs: {} }] });
}

/** `vars/0`, `vars/1`, … */
function tensorsOf(layer: Hdf5Group, name: string, refuse: RefuseHdf5): WeightTensor[] {
  const tensors: WeightTensor[] = [];
  for (let index = 0; ; index++) {
    const data = layer.data(`vars/${index}`);
    if (data === undefined) return tensors;
    tensors.push({ shape: data.shape, values: floatsOf(data, `${name}/vars/${index}`, refuse) });
  }
}

/** The layers of a file without a topology: those of a class by their numbers. */
export function numberedVariables(root: Hdf5Group, refuse: RefuseHdf5): LayerVariables[] {
  const layers = root.group('layers')!;
  const numberOf = (name: string) => Number(/_(\d+)$/.exec(name)?.[1] ?? 0);
  return layers.names
    .toSorted((a, b) => numberOf(a) - numberOf(b))
    .flatMap((name) => {
      const group = layers.group(name);
      return group === undefined ? [] : [{ name, tensors: tensorsOf(group, name, refuse) }];
    });
}
