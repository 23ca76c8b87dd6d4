import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { optionalPackages } from '../../foundation/optional_package.ts';
import { npmCommand } from '../../foundation/processes/npm_command.ts';
import { lastLines, runCommand } from '../../foundation/processes/run_command.ts';
import type { SetupContext } from './step.ts';

/** Other package managers, by the file that a project of theirs has; their command for exact versions. */
const OTHER_MANAGERS = {
  'pnpm-lock.yaml': 'pnpm add --save-exact --ignore-scripts',
  'yarn.lock': 'yarn add --exact --ignore-scripts',
  'bun.lock': 'bun add --exact --ignore-scripts',
  'bun.lockb': 'bun add --exact --ignore-scripts',
} as const;

/** No package's install script is needed: tfjs-node's is run later, step by step. */
const NPM_INSTALL = ['install', '--save-exact', '--ignore-scripts'];
const QUIET = ['--no-audit', '--no-fund', '--loglevel=error'];

/** The optional packages that a project has not, as npm takes them. */
function missingPackages(project: string): string[] {
  return Object.entries(optionalPackages())
    .filter(([name]) => !existsSync(join(project, 'node_modules', name, 'package.json')))
    .map(([name, version]) => `${name}@${version}`);
}

/**
 * Installs the optional packages that the project has not, in the versions that tf8 is tested with, and
 * adds them to its package.json.
 *
 * @returns what was installed
 * @throws UserError with the command to run where the project is not npm's, and where npm fails
 */
export async function installPackages({
  project,
  reporter,
  signal,
}: Pick<SetupContext, 'project' | 'reporter' | 'signal'>): Promise<string[]> {
  const packages = missingPackages(project);
  if (packages.length === 0) return [];
  for (const [file, command] of Object.entries(OTHER_MANAGERS)) {
    if (existsSync(join(project, file))) throw notByNpm(`it has a ${file}`, command, packages);
  }
  if (!existsSync(join(project, 'package.json'))) {
    throw notByNpm('it has no package.json', 'npm install --global --ignore-scripts', packages);
  }
  reporter.info(`In ${project}: npm ${[...NPM_INSTALL, ...packages].join(' ')}`);
  const [command, args] = npmCommand([...NPM_INSTALL, ...QUIET, ...packages]);
  const { exitCode, output } = await runCommand(command, args, { cwd: project, signal });
  if (exitCode !== 0) {
    throw new UserError(
      `Expected npm to install tf8's optional packages in ${project} but it failed: ${lastLines(output)}`,
      { remedy: 'Check the network and the disk, then run "npx tf8 setup" again.' },
    );
  }
  return packages;
}

function notByNpm(reason: string, command: string, packages: readonly string[]): UserError {
  return new UserError(`Expected a project of npm's around tf8 but ${reason}.`, {
    remedy: `Run "${command} ${packages.join(' ')}", then "npx tf8 setup" again.`,
  });
}
