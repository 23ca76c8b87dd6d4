/**
 * Compiles the sources to dist/, as the set-up and "npm pack" need it.
 *
 *   node --import tsx scripts/build_dist.ts            what has changed
 *   node --import tsx scripts/build_dist.ts --clean    all of it, in an empty folder
 */
import { repositoryRoot } from '../foundation/repository.ts';
import { compile } from './setup/compile.ts';

const errors = await compile(repositoryRoot(), { clean: process.argv.includes('--clean') });
for (const error of errors) console.error(error);
process.exitCode = errors.length === 0 ? 0 : 1;
