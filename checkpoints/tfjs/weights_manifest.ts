import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, relative, win32 } from 'node:path';
import type { io } from '@tensorflow/tfjs';
import { z } from 'zod';
import { UserError } from '../../foundation/errors.ts';
import { asReadError, errorCode } from '../../foundation/files/file_errors.ts';
import { readWhenFree } from '../../foundation/files/read_when_free.ts';
import { elementsOf, MAX_ELEMENTS } from '../graph_def/network/tensor_proto.ts';

/** Codes of paths at which there is no file, whatever the reason. */
const UNREACHABLE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

const BYTES_PER_ELEMENT = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  float16: 2,
  uint16: 2,
  uint8: 1,
} as const;

const weightSpecSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.enum(['float32', 'int32', 'bool', 'complex64']),
  group: z.enum(['model', 'optimizer']).exactOptional(),
  quantization: z
    .object({
      dtype: z.enum(['uint8', 'uint16', 'float16']),
      scale: z.number().exactOptional(),
      min: z.number().exactOptional(),
    })
    .exactOptional(),
});

/** The `weightsManifest` of a tfjs model.json: groups of weights, each over one or more shards. */
export const weightsManifestSchema = z.array(
  z.object({
    /** Relative to the folder of model.json. */
    paths: z.array(z.string().refine(staysInFolder, 'expected a path inside the model folder')),
    weights: z.array(weightSpecSchema),
  }),
);

export type WeightsManifest = z.infer<typeof weightsManifestSchema>;

/** A shard's path may not leave the model's folder, on any system, nor be an address. */
function staysInFolder(path: string): boolean {
  return (
    path !== '' &&
    !isAbsolute(path) &&
    !win32.isAbsolute(path) &&
    !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(path) &&
    !path.split(/[/\\]/).includes('..') &&
    !path.includes('\0')
  );
}

/**
 * Reads the shards of a manifest and joins them.
 * @param modelPath the model.json they belong to
 * @throws UserError naming the shard that is missing or listed twice, or whose group has another length
 *   than its weights need, and where these are more than are read here; nothing is read then
 */
export async function readWeightData(
  modelPath: string,
  manifest: WeightsManifest,
): Promise<{ weightSpecs: io.WeightsManifestEntry[]; weightData: Uint8Array<ArrayBuffer> }> {
  const weightSpecs: io.WeightsManifestEntry[] = [];
  const files: { path: string; size: number }[] = [];
  requireBounded(modelPath, manifest);
  for (const { paths, weights } of manifest) {
    const group = await Promise.all(paths.map((path) => shard(dirname(modelPath), path)));
    const present = group.reduce((sum, { size }) => sum + size, 0);
    const expected = weights.reduce((sum, spec) => sum + byteLength(spec), 0);
    if (present !== expected) {
      throw damagedModel(
        `Expected ${expected} bytes of weights in ${paths.join(', ')} of ${modelPath} but received ${present}`,
      );
    }
    weightSpecs.push(...weights);
    files.push(...group);
  }
  const data = await Promise.all(files.map(({ path }) => readWeights(path)));
  return { weightSpecs, weightData: new Uint8Array(Buffer.concat(data)) };
}

function requireBounded(modelPath: string, manifest: WeightsManifest): void {
  const elements = manifest
    .flatMap(({ weights }) => weights)
    .reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  if (elements > MAX_ELEMENTS) {
    throw new UserError(
      `Expected at most ${MAX_ELEMENTS} elements in the weights of ${modelPath} but received ${elements}`,
      { remedy: 'Pass a classifier: none that is read here has so many.' },
    );
  }
  const seen = new Set<string>();
  for (const path of manifest.flatMap(({ paths }) => paths)) {
    const name = normalize(path);
    if (seen.has(name)) {
      throw damagedModel(`Expected the shard ${path} once in ${modelPath} but it is listed twice`);
    }
    seen.add(name);
  }
}

async function shard(folder: string, name: string): Promise<{ path: string; size: number }> {
  const path = join(folder, name);
  try {
    const info = await stat(path);
    if (info.isFile()) {
      await checkLink(folder, path);
      return { path, size: info.size };
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (!UNREACHABLE.has(errorCode(error) ?? '')) throw error;
  }
  throw damagedModel(`Expected the weights ${path} but there is no such file`);
}

/** A link may not lead out of the folder either. */
async function checkLink(folder: string, path: string): Promise<void> {
  const [inside, target] = await Promise.all([realpath(folder), realpath(path)]);
  const way = relative(inside, target);
  if (!way.startsWith('..') && !isAbsolute(way)) return;
  throw new UserError(
    `Expected the weights ${path} in the folder of their model but they are a link to ${target}`,
    { remedy: 'Copy the weights into the folder of model.json.' },
  );
}

/** Bytes of a weight in its shards. */
export function byteLength(spec: WeightsManifest[number]['weights'][number]): number {
  return elementsOf(spec.shape) * BYTES_PER_ELEMENT[spec.quantization?.dtype ?? spec.dtype];
}

/** A stored model whose files do not belong together. */
export function damagedModel(message: string, cause?: unknown): UserError {
  return new UserError(message, {
    remedy: 'Make the model again: pull it, train it or copy its folder anew.',
    cause,
  });
}

/** @throws UserError where the file cannot be read */
function readWeights(path: string): Promise<Uint8Array> {
  return readWhenFree(path).catch((error: unknown) => {
    throw asReadError(error, path);
  });
}
