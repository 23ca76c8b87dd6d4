import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../files/make_folder.ts';
import { abandonedPaths, temporaryPath } from '../files/temporary_path.ts';
import { sha256OfFile } from '../hashes/sha256.ts';
import { lastLines, NOT_FOUND, runCommand } from '../processes/run_command.ts';
import type { Reporter } from '../reporting/reporter.ts';
import { type Route, RouteFailure, wrongHash } from './route.ts';

export interface PackageOptions {
  /** Path of the finished file; the tool works in a folder beside it. */
  readonly target: string;
  readonly label: string;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

const WORK = '.work';
const POLL_MS = 500;

/**
 * Fetches a package file by pip, apt-get or npm into a folder of its own, checks its hash and moves it
 * to `target`. No such tool resumes: an interrupted fetch is started anew.
 *
 * @throws RouteFailure where the tool is missing, fails, or brings another content
 */
export async function fetchPackage(
  route: Route & { kind: 'pip' | 'apt' | 'npm' },
  options: PackageOptions,
): Promise<void> {
  for (const path of await abandonedPaths(options.target, WORK)) {
    await rm(path, { recursive: true, force: true });
  }
  const work = temporaryPath(options.target, WORK);
  const downloads = join(work, 'file');
  await makeFolder(downloads);
  const stopWatching = watchSize(work, options);
  try {
    switch (route.kind) {
      case 'pip':
        await pipDownload(route, downloads, work, options.signal);
        break;
      case 'apt':
        await aptDownload(route, downloads, work, options.signal);
        break;
      case 'npm':
        await npmDownload(route, downloads, options.signal);
    }
    const names = await readdir(downloads);
    if (names.length !== 1) {
      throw new RouteFailure(
        `expected one file from ${route.kind} but received ${names.length}: ${names.join(', ')}`,
      );
    }
    const file = join(downloads, names[0]);
    const sha256 = await sha256OfFile(file);
    if (sha256 !== route.sha256) throw wrongHash(names[0], route.sha256, sha256);
    await rename(file, options.target);
  } finally {
    stopWatching();
    await rm(work, { recursive: true, force: true });
  }
}

async function pipDownload(
  route: Route & { kind: 'pip' },
  downloads: string,
  work: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const temporaryDir = join(work, 'tmp');
  await mkdir(temporaryDir);
  // pip checks the hash before it opens the file: an sdist's set-up script runs only if it is ours.
  const requirements = join(work, 'requirements.txt');
  await writeFile(requirements, `${route.requirement} --hash=sha256:${route.sha256}\n`);
  const options = ['--no-deps', '--no-input', '--no-cache-dir', '--disable-pip-version-check'];
  const limits = ['--timeout', '15', '--retries', '2', '--progress-bar', 'off'];
  let failure = '';
  for (const python of ['python3', 'python']) {
    const { exitCode, output } = await runCommand(
      python,
      // biome-ignore format: one line for the command as it would be typed
      ['-m', 'pip', 'download', ...options, ...limits, '--dest', downloads, ...(route.args ?? []), '--require-hashes', '--requirement', requirements],
      { env: { ...process.env, TMPDIR: temporaryDir }, ...(signal && { signal }) },
    );
    if (exitCode === 0) return;
    const absent = exitCode === NOT_FOUND || /No module named pip/.test(output);
    if (!absent) {
      const errors = output.split('\n').filter((line) => line.startsWith('ERROR:'));
      throw new RouteFailure(`pip failed: ${lastLines(errors.join('\n') || output)}`);
    }
    failure ||= exitCode === NOT_FOUND ? 'python3 was not found' : 'python3 has no pip';
  }
  throw new RouteFailure(failure);
}

async function aptDownload(
  route: Route & { kind: 'apt' },
  downloads: string,
  work: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const inDownloads = { cwd: downloads, ...(signal && { signal }) };
  const request = ['download', `${route.package}=${route.version}`];
  const direct = await runCommand('apt-get', request, inDownloads);
  if (direct.exitCode === 0) return;
  if (direct.exitCode === NOT_FOUND) throw new RouteFailure('apt-get was not found');

  // Without package lists (a fresh container), or with stale ones: our own lists, no root needed.
  const lists = join(work, 'apt', 'state', 'lists');
  const archives = join(work, 'apt', 'cache', 'archives');
  await makeFolder(join(lists, 'partial'));
  await makeFolder(join(archives, 'partial'));
  const settings = [
    ['Dir::State', join(work, 'apt', 'state')],
    ['Dir::State::status', '/var/lib/dpkg/status'],
    ['Dir::Cache', join(work, 'apt', 'cache')],
  ].flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const update = await runCommand('apt-get', [...settings, 'update'], inDownloads);
  const again = await runCommand('apt-get', [...settings, ...request], inDownloads);
  if (again.exitCode === 0) return;
  const reason = update.exitCode === 0 ? again.output : update.output;
  throw new RouteFailure(`apt-get failed: ${lastLines(reason)}`);
}

async function npmDownload(
  route: Route & { kind: 'npm' },
  downloads: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { exitCode, output } = await runCommand(
    'npm',
    ['pack', `${route.package}@${route.version}`, '--ignore-scripts'],
    { cwd: downloads, ...(signal && { signal }) },
  );
  if (exitCode === 0) return;
  if (exitCode === NOT_FOUND) throw new RouteFailure('npm was not found');
  throw new RouteFailure(`npm failed: ${lastLines(output)}`);
}

/** Reports how many bytes lie under `folder`, for tools that say nothing without a terminal. */
function watchSize(folder: string, { label, reporter }: PackageOptions): () => void {
  const progress = reporter.start(label, 0, 'bytes');
  const timer = setInterval(() => {
    sizeOfFolder(folder).then(
      (bytes) => progress.update(bytes),
      () => undefined,
    );
  }, POLL_MS);
  return () => {
    clearInterval(timer);
    progress.end();
  };
}

async function sizeOfFolder(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    const info = await stat(join(folder, name)).catch(() => undefined);
    if (info?.isFile()) bytes += info.size;
  }
  return bytes;
}
