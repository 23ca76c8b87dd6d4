/** LayersModels out of topologies that were read, their weights proved sound. */
import * as tf from '@tensorflow/tfjs';
import '../../architectures/hard_activations.ts'; // by which stored networks call them
import { messageOf, UserError } from '../../foundation/errors.ts';
import { nonFiniteWeight } from '../model_weights.ts';
import { damagedModel } from './weights_manifest.ts';

/** Parts of a layer's configuration that its weights have as many of. */
const WIDTHS = new Set(['filters', 'units', 'depth_multiplier', 'input_dim', 'output_dim']);

export interface StoredTopology {
  readonly topology: object;
  readonly weightSpecs: tf.io.WeightsManifestEntry[];
  readonly weightData: Uint8Array<ArrayBuffer>;
  readonly userDefinedMetadata?: Record<string, unknown>;
}

/**
 * Has TensorFlow.js build a network, its layers and calls checked before (`checkTopology`).
 * @param path for errors
 * @throws UserError where it cannot, or a weight is NaN or infinite
 */
export async function builtModel(
  { topology, weightSpecs, weightData, userDefinedMetadata }: StoredTopology,
  path: string,
): Promise<tf.LayersModel> {
  checkWidths(topology, weightSpecs, path);
  const model = await tf
    .loadLayersModel(
      tf.io.fromMemory({
        modelTopology: topology,
        weightSpecs,
        weightData: weightData.buffer,
        ...(userDefinedMetadata && { userDefinedMetadata }),
      }),
    )
    .catch((error: unknown) => {
      throw damagedModel(
        `Expected a network that tfjs can build from ${path} but: ${messageOf(error)}`,
        error,
      );
    });
  return finite(model, path);
}

/**
 * tfjs takes memory for the weights that the layers' configurations ask for before it looks at those
 * that are there: none may be wider than the widest of these.
 */
function checkWidths(
  topology: object,
  specs: readonly tf.io.WeightsManifestEntry[],
  path: string,
): void {
  const widest = specs.flatMap(({ shape }) => shape).reduce((a, b) => Math.max(a, b), 1);
  const waiting: unknown[] = [topology];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (WIDTHS.has(key) && typeof inner === 'number' && inner > widest) {
        throw damagedModel(
          `Expected ${key} of at most ${widest}, as the weights in ${path} have them, but received ${inner}`,
        );
      }
      waiting.push(inner);
    }
  }
}

/** Disposes of the model where it has a weight that is NaN or infinite. */
function finite(model: tf.LayersModel, path: string): tf.LayersModel {
  try {
    checkFinite(model, path, 'Make the model again: no network has such weights.');
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

export function checkFinite(model: tf.LayersModel, where: string, remedy: string): void {
  const bad = nonFiniteWeight(model);
  if (bad === undefined) return;
  throw new UserError(
    `Expected finite weights in ${where} but element ${bad.index} of ${bad.name} is ${bad.value}`,
    { remedy },
  );
}
