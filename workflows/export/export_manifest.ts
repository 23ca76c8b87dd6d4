import { existsSync } from 'node:fs';
import { UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { readBounded } from '../../foundation/files/byte_source.ts';
import { type Manifest, ManifestSchema } from '../../quantize/export/manifest.ts';

/** Above any manifest: that of an InceptionV3 has 0.1 MB. */
const MAX_MANIFEST_BYTES = 16 * 2 ** 20;

/**
 * Where the manifest of an export lies: beside FILE at FILE.json, of NAME.c and NAME.h at NAME.json, of
 * NAME.json at NAME.manifest.json.
 */
export function manifestPath(exported: string): string {
  if (exported.endsWith('.json')) return exported.replace(/json$/, 'manifest.json');
  return `${exported.replace(/\.[ch]$/, '')}.json`;
}

/**
 * The manifest beside an export; undefined where there is none.
 * @throws UserError where it is not a manifest
 */
export async function readManifest(exported: string): Promise<Manifest | undefined> {
  const path = manifestPath(exported);
  if (!existsSync(path)) return undefined;
  const text = new TextDecoder().decode(await readBounded(path, MAX_MANIFEST_BYTES));
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
