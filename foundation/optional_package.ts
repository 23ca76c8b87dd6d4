import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from './errors.ts';
import { errorCode } from './files/file_errors.ts';
import { repositoryRoot } from './repository.ts';

interface Manifest {
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** A package that tf8 is installed without, and that what was asked for needs. */
export class MissingPackageError extends UserError {
  override readonly name = 'MissingPackageError';
  readonly packageName: string;

  constructor(packageName: string, version: string, cause: unknown) {
    super(`Expected the package ${packageName}, which this needs, but it is not installed.`, {
      remedy: `Run "npx tf8 setup", which installs all that tf8 can use, or "npm install --save-exact ${packageName}@${version}".`,
      cause,
    });
    this.packageName = packageName;
  }
}

/**
 * Imports a module that needs optional packages.
 *
 * ```ts
 * const { default: sharp } = await importOptional(() => import('sharp'));
 * ```
 * @throws MissingPackageError where one is not installed; what the import threw, where it is another error
 */
export async function importOptional<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    throw missingPackage(error) ?? error;
  }
}

/** The optional package that a failed import or require did not find; undefined for any other error. */
export function missingPackage(error: unknown): MissingPackageError | undefined {
  const code = errorCode(error);
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return undefined;
  // Node gives the name nowhere else.
  const name = /^Cannot find (?:package|module) '([^']+)'/.exec(messageOf(error))?.[1] ?? '';
  const version = optionalPackages()[name];
  return version === undefined ? undefined : new MissingPackageError(name, version, error);
}

/** The optional packages with the versions that tf8 is tested with. */
export function optionalPackages(): Readonly<Record<string, string>> {
  const manifest = JSON.parse(readFileSync(join(repositoryRoot(), 'package.json'), 'utf8'));
  const { peerDependencies, devDependencies } = manifest as Manifest;
  return Object.fromEntries(
    Object.entries(peerDependencies).map(([name, range]) => [name, devDependencies[name] ?? range]),
  );
}
