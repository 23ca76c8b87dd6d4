import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../../checkpoints/artifacts/atomic_file.ts';
import { UserError } from '../../checkpoints/artifacts/errors.ts';
import { errorCode } from '../../checkpoints/artifacts/file_errors.ts';
import { type Manifest, ManifestSchema } from '../../quantize/export/manifest.ts';

/** Where the manifest of an export lies. */
export function manifestPath(exported: string): string {
  return `${exported}.json`;
}

/**
 * The manifest beside an export; undefined where there is none.
 * @throws UserError where it is not a manifest
 */
export async function readManifest(exported: string): Promise<Manifest | undefined> {
  const path = manifestPath(exported);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return ManifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new UserError(`Expected the manifest of an export but ${path} is another file`, {
      remedy: `Remove it, or export the model again.`,
      cause: error,
    });
  }
}

export async function writeManifest(exported: string, manifest: Manifest): Promise<void> {
  await writeFileAtomic(manifestPath(exported), `${JSON.stringify(manifest, null, 2)}\n`);
}
