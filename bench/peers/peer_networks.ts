import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { cachedFolder } from '../../foundation/files/cached_folder.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import { lastLines, runCommand } from '../../foundation/processes/run_command.ts';
import {
  type PythonPackages,
  pythonEnvironment,
  RUNTIMES,
  TENSORFLOW,
} from '../../foundation/python/python_environment.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';

const SCRIPTS = join(import.meta.dirname, 'network');

/** A kind of files that a program makes of a network. */
interface Conversion {
  /** Of the folder in the cache. */
  readonly name: string;
  readonly title: string;
  readonly script: string;
  readonly packages: PythonPackages;
}

/** float.tflite, int8.tflite */
export const TFLITE: Conversion = {
  name: 'bench-tflite',
  title: 'LiteRT models',
  script: 'make_tflite.py',
  packages: TENSORFLOW,
};

/** float.onnx, u8s8.onnx, u8u8.onnx */
export const ONNX: Conversion = {
  name: 'bench-onnx',
  title: 'ONNX models',
  script: 'make_onnx.py',
  packages: RUNTIMES,
};

export interface PeerNetworkOptions {
  readonly cacheDir: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** The interpreter; that of a private environment unless given. */
  readonly python?: string;
}

/**
 * A network in another program's formats, made once for the same network, images and programs.
 * @param source folder that `writeNetwork` wrote
 * @returns the folder with the files
 * @throws UserError where there is no Python for it, or what the program said last where it failed; the
 *   signal's reason when aborted
 */
export async function peerNetworks(
  { name, title, script, packages }: Conversion,
  source: string,
  options: PeerNetworkOptions,
): Promise<string> {
  const { cacheDir, reporter, signal } = options;
  const folder = join(cacheDir, name);
  const inputs = [
    ...[script, 'network_files.py'].map((file) => join(SCRIPTS, file)),
    packages.requirements,
    ...['network.json', 'weights.f32', 'images.f32'].map((file) => join(source, file)),
  ];
  const hashes = await Promise.all(inputs.map(async (path) => sha256OfBytes(await readFile(path))));
  return cachedFolder(folder, sha256OfBytes(hashes.join('\n')), async (temporary) => {
    const python = options.python ?? (await pythonEnvironment(packages, options));
    reporter.info(`Making ${title} in ${folder}…`);
    const args = ['-I', '-B', join(SCRIPTS, script), source, temporary];
    const { exitCode, output } = await runCommand(python, args, { signal });
    if (exitCode !== 0) throw new UserError(`Expected ${title} but: ${lastLines(output)}`);
  });
}
