import type * as tf from '@tensorflow/tfjs';
import type { NetworkConfig } from '../../architectures/network.ts';
import { messageOf } from '../../foundation/errors.ts';
import type { ChannelAffine, ImageSize, PixelRange } from '../input_affine.ts';
import { builtModel } from '../tfjs/built_model.ts';
import type { StoredWeight } from '../tfjs/layer_weights.ts';
import { checkTopology } from '../tfjs/layers_topology.ts';
import { normalizeModel } from '../tfjs/normalize_model.ts';
import { damagedKeras } from './errors.ts';

/** What was read of a file that Keras wrote. */
export interface KerasFileModel {
  readonly model: tf.LayersModel;
  /** What the network takes pixels for, where it says so. */
  readonly range: PixelRange | undefined;
  /** What the file does to its input that the network does not; nothing unless given. */
  readonly done?: ChannelAffine | undefined;
  /** Of Keras, where the file has the network and not its weights alone. */
  readonly version?: 2 | 3;
  /** The network of ours that weights alone were found to be of. */
  readonly config?: NetworkConfig;
  readonly notes: readonly string[];
}

/** Builds the network of a topology and its weights, named as `normalizeModel` takes them. */
export async function kerasModel(
  topology: object,
  weights: readonly StoredWeight[],
  path: string,
  resolution: ImageSize | undefined,
): Promise<KerasFileModel> {
  const normalized = normalizeModel(topology, weights, path, { resolution, isOwnFile: true });
  checkTopology(normalized.topology, path);
  const { range, done, version, notes } = normalized;
  return { model: await builtModel(normalized, path), range, done, version, notes };
}

/** @param what of the file the text is */
export function parseJson(text: string, what: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damagedKeras(path, `its ${what} is no JSON (${messageOf(error)})`, error);
  }
}
