import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readBounded } from '../../foundation/files/byte_source.ts';
import { makeFolder } from '../../foundation/files/make_folder.ts';
import { makeWholeFolder } from '../../foundation/files/whole_folder.ts';
import {
  GOLDEN_FORMAT,
  GOLDEN_MANIFEST,
  type GoldenFile,
  type GoldenImage,
  goldenFiles,
  goldenImage,
  goldenManifest,
} from '../../quantize/export/golden.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { tf8Sha256 } from '../open/tf8_facts.ts';
import { requireOwnFolder } from '../outputs/output_folder.ts';

const MAX_MANIFEST_BYTES = 64 * 2 ** 20;

/** Takes an image's name and all its tensors by their names, the input's too. */
export type AddGolden = (image: string, tensors: ReadonlyMap<string, Uint8Array>) => Promise<void>;

/**
 * Finds out before the work whether golden vectors can be stored in `folder`.
 * @throws UserError where there is something in it that tf8 did not write
 */
export async function requireGoldenFolder(folder: string, overwrite = false): Promise<void> {
  await requireOwnFolder(folder, () => isGolden(folder), overwrite);
}

/**
 * Stores golden vectors in `folder`, which appears whole or not at all.
 * @param run calls `add` for each image
 * @returns what `run` gives
 */
export async function writeGolden<Result>(
  folder: string,
  model: Tf8Model,
  run: (add: AddGolden) => Promise<Result>,
): Promise<Result> {
  let result: Result | undefined;
  await makeWholeFolder(folder, async (temporary) => {
    const write = async ({ path, bytes }: GoldenFile) => {
      await makeFolder(dirname(join(temporary, path)));
      await writeFile(join(temporary, path), bytes);
    };
    const images: GoldenImage[] = [];
    result = await run(async (name, tensors) => {
      const image = goldenImage(name, images.length);
      images.push(image);
      for (const file of goldenFiles(model, image, tensors)) await write(file);
    });
    await write(goldenManifest(model, images, await tf8Sha256(model)));
  });
  return result!;
}

async function isGolden(folder: string): Promise<boolean> {
  try {
    const bytes = await readBounded(join(folder, GOLDEN_MANIFEST), MAX_MANIFEST_BYTES);
    return JSON.parse(new TextDecoder().decode(bytes)).format === GOLDEN_FORMAT;
  } catch {
    return false;
  }
}
