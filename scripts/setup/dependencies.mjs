import { readFileSync } from 'node:fs';
import { join } from 'node:path';

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes its own record,
 * node_modules/.package-lock.json, at the very end of an installation: an interrupted one has none.
 *
 * @param {string} root the checkout's folder
 */
export function dependenciesMatch(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const present = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || present === undefined) return false;
  const missing = Object.entries(wanted).some(
    ([path, entry]) =>
      path !== '' && !entry.optional && !entry.peer && present[path]?.integrity !== entry.integrity,
  );
  const foreign = Object.entries(present).some(
    ([path, entry]) => wanted[path]?.integrity !== entry.integrity,
  );
  return !missing && !foreign;
}

/**
 * The command that installs the dependencies. No package's install script is needed (esbuild, sharp
 * and biome bring their binaries as packages; tfjs-node's is run later, step by step), so none runs.
 */
export function installCommand() {
  const npm = process.env.npm_execpath ?? ''; // another package manager's, where that runs us
  const [command, ...prefix] = /npm-cli\.c?js$/.test(npm) ? [process.execPath, npm] : ['npm'];
  const options = ['--ignore-scripts', '--include=dev', '--include=optional'];
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  return { command, args: [...prefix, 'ci', ...options, ...quiet] };
}
