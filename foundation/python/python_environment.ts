import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchArtifact } from '../downloads/fetch_artifact.ts';
import { UserError } from '../errors.ts';
import { cachedFolder } from '../files/cached_folder.ts';
import { requireSpace } from '../files/disk_space.ts';
import { sha256OfBytes } from '../hashes/sha256.ts';
import { lastLines, runCommand } from '../processes/run_command.ts';
import type { Reporter } from '../reporting/reporter.ts';
import { repositoryRoot } from '../repository.ts';
import { TENSORFLOW_WHEEL } from './tensorflow_wheel.ts';

/** Packages for Python that belong together. */
export interface PythonPackages {
  /** Of the folder in the cache. */
  readonly name: string;
  /** What they are, for people: "TensorFlow 2.15". */
  readonly title: string;
  /** A list for pip, complete, with the SHA-256 of each package. */
  readonly requirements: string;
  /** The versions of Python that the packages are for, the preferred one first. */
  readonly versions: readonly string[];
  /** When installed, about. */
  readonly bytes: number;
  /** Whether the wheel that the set-up fetches for tfjs-node is one of them. */
  readonly reuseWheel: boolean;
}

/** TensorFlow 2.15.1 with Keras and TensorBoard 2.15. */
export const TENSORFLOW: PythonPackages = {
  name: 'python-peers',
  title: 'TensorFlow 2.15',
  requirements: join(repositoryRoot(), 'foundation', 'python', 'tensorflow.txt'),
  versions: ['3.11', '3.10', '3.9'],
  bytes: 1.5e9,
  reuseWheel: process.platform === 'linux' && process.arch === 'x64',
};

/** Keras 3.15 on TensorFlow 2.21, whose files differ from those of Keras 2. */
export const KERAS_3: PythonPackages = {
  name: 'python-keras',
  title: 'Keras 3.15',
  requirements: join(repositoryRoot(), 'foundation', 'python', 'keras.txt'),
  versions: ['3.11', '3.12', '3.13'],
  bytes: 1.5e9,
  reuseWheel: false,
};

/** LiteRT and ONNX Runtime, with ONNX. */
export const RUNTIMES: PythonPackages = {
  name: 'python-runtimes',
  title: 'LiteRT 2.3 and ONNX Runtime 1.32',
  requirements: join(repositoryRoot(), 'foundation', 'python', 'runtimes.txt'),
  versions: ['3.11', '3.12', '3.13'],
  bytes: 0.4e9,
  reuseWheel: false,
};

/** NNCF with ONNX and ONNX Runtime: post-training quantization of others. */
export const NNCF: PythonPackages = {
  name: 'python-nncf',
  title: 'NNCF 3.4',
  requirements: join(repositoryRoot(), 'foundation', 'python', 'nncf.txt'),
  versions: ['3.11', '3.12', '3.13'],
  bytes: 0.6e9,
  reuseWheel: false,
};

/** TensorFlow Lite Micro's interpreter, whose reference kernels microcontrollers run. */
export const MICRO: PythonPackages = {
  name: 'python-micro',
  title: 'TensorFlow Lite Micro',
  requirements: join(repositoryRoot(), 'foundation', 'python', 'micro.txt'),
  versions: ['3.11', '3.12'],
  bytes: 0.1e9,
  reuseWheel: false,
};

/** What executes QONNX files, node by node. */
export const QONNX: PythonPackages = {
  name: 'python-qonnx',
  title: 'QONNX 1.0',
  requirements: join(repositoryRoot(), 'foundation', 'python', 'qonnx.txt'),
  versions: ['3.11', '3.12'],
  bytes: 0.4e9,
  reuseWheel: false,
};

/** What pip takes a file's name for; the cache folder's name says less. */
const WHEEL_NAME =
  'tensorflow_cpu-2.15.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl';

export interface PythonEnvironmentOptions {
  readonly cacheDir: string;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Programs that may be a fitting Python, in order. */
  readonly pythons?: readonly string[];
}

/**
 * A private Python with `packages` in `<cacheDir>/<packages.name>`, without root: what stands there is
 * taken if it was made from the same list, and made anew otherwise. It appears whole or not at all.
 * @returns path of the interpreter; start it with `-I`, so that the caller's Python settings stay out
 * @throws UserError where there is no fitting Python, it has no venv module, a package cannot be
 *   installed or the disk is full; the signal's reason when aborted
 */
export async function pythonEnvironment(
  packages: PythonPackages,
  options: PythonEnvironmentOptions,
): Promise<string> {
  const { cacheDir, reporter, signal } = options;
  const folder = join(cacheDir, packages.name);
  const make = async (temporary: string) => {
    const python = await findPython(packages, options);
    await requireSpace(cacheDir, packages.bytes, `for ${packages.title}`);
    reporter.info(
      `Setting up a private Python ${python.version} with ${packages.title} in ${folder}…`,
    );
    await makeVenv(python.program, temporary, signal);
    if (python.version === '3.11' && packages.reuseWheel) await installWheel(temporary, options);
    await pipInstall(temporary, ['--requirement', packages.requirements], packages.title, signal);
    signal.throwIfAborted();
  };
  const interpreterRuns = async () => {
    const { exitCode } = await runCommand(interpreterOf(folder), ['-I', '-c', ''], { signal });
    return exitCode === 0;
  };
  const key = sha256OfBytes(await readFile(packages.requirements));
  await cachedFolder(folder, key, make, interpreterRuns);
  return interpreterOf(folder);
}

function interpreterOf(folder: string): string {
  return join(folder, 'bin', 'python');
}

interface Python {
  readonly program: string;
  /** "3.11" */
  readonly version: string;
}

const PRINT_VERSION = 'import sys; print("%d.%d" % sys.version_info[:2])';

async function findPython(
  { title, versions }: PythonPackages,
  { pythons = programs(versions), signal }: PythonEnvironmentOptions,
): Promise<Python> {
  const found: string[] = [];
  for (const program of pythons) {
    const { exitCode, stdout } = await runCommand(program, ['-I', '-c', PRINT_VERSION], { signal });
    const version = stdout.trim();
    if (exitCode !== 0) continue;
    if (versions.includes(version)) return { program, version };
    found.push(`${program} is ${version}`);
  }
  throw new UserError(
    `Expected Python ${alternatives(versions)}, for which there is ${title}, but ${found.join(', ') || 'found no Python'}`,
    { remedy: `Install one of these versions; "python${versions[0]}" on the PATH will do.` },
  );
}

function programs(versions: readonly string[]): string[] {
  return ['python3', ...versions.map((version) => `python${version}`), 'python'];
}

/** "3.9, 3.10 or 3.11" */
function alternatives(versions: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(
    versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })),
  );
}

async function makeVenv(program: string, folder: string, signal: AbortSignal): Promise<void> {
  const { exitCode, output } = await runCommand(program, ['-I', '-m', 'venv', folder], { signal });
  if (exitCode === 0) return;
  throw new UserError(
    `Expected ${program} to make a virtual environment but: ${lastLines(output)}`,
    {
      remedy: 'Install its venv module (on Debian and Ubuntu: the package python3-venv).',
    },
  );
}

/** Installs the largest package from the file that the set-up of tfjs-node may have fetched already. */
async function installWheel(
  folder: string,
  { cacheDir, reporter, signal }: PythonEnvironmentOptions,
): Promise<void> {
  const { path } = await fetchArtifact({
    name: TENSORFLOW_WHEEL.name,
    routes: [TENSORFLOW_WHEEL.route],
    cacheDir,
    reporter,
    signal,
  });
  const wheel = join(folder, WHEEL_NAME);
  await symlink(path, wheel);
  const requirement = join(folder, 'wheel.txt');
  await writeFile(requirement, `${wheel} --hash=sha256:${TENSORFLOW_WHEEL.route.sha256}\n`);
  await pipInstall(folder, ['--requirement', requirement], TENSORFLOW.title, signal);
  await Promise.all([rm(wheel), rm(requirement)]);
}

/** The list is complete and every hash pinned: pip resolves nothing and runs no set-up script. */
async function pipInstall(
  folder: string,
  what: readonly string[],
  title: string,
  signal: AbortSignal,
): Promise<void> {
  const pinned = ['--require-hashes', '--no-deps', '--only-binary', ':all:', '--no-cache-dir'];
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  const limits = ['--timeout', '15', '--retries', '2'];
  const { exitCode, output } = await runCommand(
    interpreterOf(folder),
    ['-I', '-m', 'pip', 'install', ...pinned, ...quiet, ...limits, ...what],
    { signal },
  );
  if (exitCode === 0) return;
  const errors = output.split('\n').filter((line) => line.startsWith('ERROR:'));
  throw new UserError(
    `Expected pip to install ${title} but: ${lastLines(errors.join('\n') || output)}`,
    { remedy: 'Check the network, then run the command again.' },
  );
}
