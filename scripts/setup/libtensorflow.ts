import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tar from 'tar';
import { z } from 'zod';
import { fetchArtifact, type Route } from '../../foundation/downloads/fetch_artifact.ts';
import { requireSpace } from '../../foundation/files/disk_space.ts';
import { makeWholeFolder } from '../../foundation/files/whole_folder.ts';
import { TENSORFLOW_WHEEL } from '../../foundation/python/tensorflow_wheel.ts';
import type { SetupContext } from './step.ts';
import { unpackZip } from './unpack_zip.ts';

/** A published build of TensorFlow's C library with its headers. */
export interface LibtensorflowSource {
  readonly version: string;
  readonly name: string;
  readonly route: Route & { sha256: string };
  /** Size of the archive and of what is unpacked from it. */
  readonly downloadBytes: number;
  readonly unpackedBytes: number;
  unpack(archive: string, folder: string, signal: AbortSignal): Promise<void>;
}

const HOST = 'https://storage.googleapis.com';

function official(version: string, path: string, sha256: string): LibtensorflowSource {
  return {
    version,
    name: `libtensorflow-${version}-${process.platform}-${process.arch}.tar.gz`,
    route: { kind: 'url', url: `${HOST}/${path}`, sha256 },
    downloadBytes: 150e6, // upper bounds: the archives differ a little between platforms
    unpackedBytes: 500e6,
    unpack: (archive, folder) => tar.extract({ file: archive, cwd: folder, strict: true }),
  };
}

const CPU = 'tensorflow/libtensorflow/libtensorflow-cpu';

/** The archives that tfjs-node 4.22's own installer takes, by `<platform>-<arch>`. */
export const OFFICIAL: Readonly<Record<string, () => LibtensorflowSource>> = {
  'linux-x64': () =>
    official(
      '2.9.1',
      `${CPU}-linux-x86_64-2.9.1.tar.gz`,
      '7f510d2546e3db5e10b1d119463689003d587842892ad3c95bca51cf82820173',
    ),
  'darwin-x64': () =>
    official(
      '2.9.1',
      `${CPU}-darwin-x86_64-2.9.1.tar.gz`,
      '56f83d3320ba0f69aaafd6c058645e1b7fbc75fb9a3fc36d6be98de1291ca226',
    ),
  'darwin-arm64': () =>
    official(
      '2.7.0',
      'tf-builds/libtensorflow_r2_7_darwin_arm64_cpu.tar.gz',
      '13ab22b97e2af06e431aaeb7b42fb89981965dd01aa16da035d8210aa4183d79',
    ),
};

/**
 * The library inside the Python package, which the binding can be linked against: it exports
 * TensorFlow's C API, and that API keeps compatible (tensorflow.org/guide/versions).
 */
export const WHEEL: LibtensorflowSource = {
  ...TENSORFLOW_WHEEL,
  version: '2.15.1',
  unpackedBytes: 664e6,
  unpack: unpackWheel,
};

async function unpackWheel(archive: string, folder: string, signal: AbortSignal): Promise<void> {
  const lib = join(folder, 'lib');
  const pathOf = (name: string): string | undefined => {
    if (name === 'tensorflow/libtensorflow_cc.so.2') return join(lib, 'libtensorflow.so');
    if (name === 'tensorflow/libtensorflow_framework.so.2') {
      return join(lib, 'libtensorflow_framework.so');
    }
    const header = /^tensorflow\/include\/((?:tensorflow|tsl)\/.+)$/.exec(name);
    return header ? join(folder, 'include', header[1]) : undefined;
  };
  await unpackZip(archive, pathOf, signal);
  // The names that the libraries call themselves (SONAME), by which the binding looks for them.
  await symlink('libtensorflow.so', join(lib, 'libtensorflow_cc.so.2'));
  await symlink('libtensorflow_framework.so', join(lib, 'libtensorflow_framework.so.2'));
}

const originSchema = z.object({ sha256: z.string() });

/** SHA-256 of the archive that `folder` was unpacked from, where it is complete. */
export async function unpackedFrom(folder: string): Promise<string | undefined> {
  try {
    return originSchema.parse(JSON.parse(await readFile(join(folder, 'origin.json'), 'utf8')))
      .sha256;
  } catch {
    return undefined;
  }
}

/**
 * Fetches the archive and unpacks it to `folder` (tfjs-node's `deps`), which appears whole or not at
 * all. Nothing happens where the same archive is unpacked there already.
 */
export async function installLibtensorflow(
  source: LibtensorflowSource,
  folder: string,
  { cacheDir, reporter, signal }: SetupContext,
): Promise<void> {
  if ((await unpackedFrom(folder)) === source.route.sha256) return;
  await requireSpace(dirname(folder), source.unpackedBytes, 'to unpack TensorFlow');
  if (!existsSync(join(cacheDir, source.name))) {
    await mkdir(cacheDir, { recursive: true });
    // pip keeps a second copy until it is done.
    await requireSpace(cacheDir, 2 * source.downloadBytes, `to fetch ${source.name}`);
  }
  const { path } = await fetchArtifact({
    name: source.name,
    routes: [source.route],
    cacheDir,
    reporter,
    signal,
  });
  await makeWholeFolder(folder, async (temporary) => {
    reporter.info(`Unpacking TensorFlow ${source.version}…`);
    await source.unpack(path, temporary, signal);
    signal.throwIfAborted();
    const origin = { sha256: source.route.sha256, version: source.version };
    await writeFile(join(temporary, 'origin.json'), JSON.stringify(origin));
  });
}
