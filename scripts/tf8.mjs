#!/usr/bin/env node
// Starts the `tf8` command: the compiled form where it is up to date or all there is, else the sources.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isCheckout, isCompiled } from './setup/compiled.mjs';
import { nodeVersionProblem } from './setup/node_version.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

async function runCompiled() {
  // Stack traces name the sources, where somebody reads them: each module costs its map.
  if (process.env.TF8_DEBUG) process.setSourceMapsEnabled(true);
  const command = await import(pathToFileURL(join(root, 'dist', 'scripts', 'main.js')).href);
  return run(command);
}

/** What helps where the command itself cannot be loaded, by the system's code of the error. */
const START_REMEDIES = {
  EMFILE: 'Raise the limit of open files (ulimit -n 4096), then run the command again.',
  ENFILE: 'End other programs, or raise the limit (sysctl fs.file-max).',
  ENOMEM: 'End other programs, or raise the limit of memory (ulimit -v unlimited).',
};

const OUT_OF_MEMORY = /out of memory|cannot allocate/i;

function tellStartFailure(error) {
  const message = String(error?.message ?? error).split('\n', 1)[0];
  const code = OUT_OF_MEMORY.test(message) ? 'ENOMEM' : error?.code;
  const remedy =
    START_REMEDIES[code] ??
    'Set tf8 up anew (npm ci); where that does not help, report this with what is printed with TF8_DEBUG=1 set.';
  const lines = [`Error: Expected to start tf8 but: ${message}`, remedy];
  if (process.env.TF8_DEBUG) lines.push(error?.stack);
  process.stderr.write(`${lines.join('\n')}\n`);
}

/** Prints an error; as the command does it, once that is loaded. */
let tell = tellStartFailure;

/** What arises beside the command's own work, such as in a worker, ends it as its own errors do. */
process.on('uncaughtException', (error) => {
  tell(error);
  process.exit(1);
});

function run({ main, tellFailure }) {
  tell = tellFailure;
  return main(process.argv.slice(2));
}

/** Worker threads inherit no hook: who starts one from a source passes it tsx (`execArgv`). */
async function runSources() {
  const { register } = await import('tsx/esm/api');
  register();
  return run(await import('./main.ts'));
}

/** The checkout's own set-up, which runs before there are any packages. */
async function setUpCheckout() {
  process.argv.splice(2, 1, '--retry');
  await import('./setup.mjs'); // ends the process
}

async function start() {
  const problem = nodeVersionProblem(process.versions.node);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    return 1;
  }
  if (!isCheckout(root)) return runCompiled();
  if (process.argv[2] === 'setup') return setUpCheckout();
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) {
    process.stderr.write('This checkout is not set up yet. Run "npm run setup" first.\n');
    return 1;
  }
  return isCompiled(root) ? runCompiled() : runSources();
}

let outputIsLost = false;

/** Who reads the output may stop early (`tf8 describe | head`): the work goes on, nothing is said. */
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') return;
  tell(Object.assign(error, { path: 'the output' }));
  outputIsLost = true;
  process.exitCode = 1;
});
/** Where messages cannot be written, nobody can be told. */
process.stderr.on('error', () => undefined);

start().then(
  (code) => {
    process.exitCode = outputIsLost ? 1 : code;
  },
  (error) => {
    // The command has told the errors of its work itself.
    tell(error);
    process.exitCode = 1;
  },
);
