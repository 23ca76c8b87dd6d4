#!/usr/bin/env node
// Sets up a fresh clone. Plain JavaScript on Node's own modules: it runs before node_modules exists.
// Everything it says goes to standard error, so that `npm start --silent -- --json` stays clean.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { takeLock } from '../foundation/files/lock_file.mjs';
import { completedSetup } from './setup/completed.mjs';
import { dependenciesMatch, installCommand } from './setup/dependencies.mjs';
import { nodeVersionProblem } from './setup/node_version.mjs';

const HELP = `Usage: npm run setup [-- --retry] [--gpu [--force]]

Prepares this checkout: dependencies, tfjs-node with its TensorFlow library, the WASM kernels, the
native kernels (where there is a C compiler) and the compiled command. What is done already is left alone; an interrupted set-up can be started
again. "npm start" and "npm test" do this by themselves.

  --retry   try again what failed, tfjs-node or the native kernels ("npm run setup" does)
  --gpu     TensorFlow's library for NVIDIA's GPUs, with CUDA's (2.5 GB; Linux x64 with a driver)
  --force   with --gpu: also where there is no driver, to prepare an image

Environment:
  CC               compiler of the native kernels (default: cc)
  TF8_CACHE        folder of downloads (default: $XDG_CACHE_HOME/tf8, else ~/.cache/tf8)
  TF8_SETUP_TFJS   ways to get tfjs-node, in order: "official" (TensorFlow's download host),
                   "wheel" (the library of the tensorflow-cpu package; Linux x64) or "none"
                   (default: "official,wheel")
`;

const root = fileURLToPath(new URL('..', import.meta.url));
let running;
let interruptedBy;

/** Runs a program with its output on standard error; gives its exit code. */
function run(command, args, lock) {
  return new Promise((resolve, reject) => {
    running = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
    if (running.pid !== undefined) lock.coverChild(running.pid);
    running.on('error', reject);
    running.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

async function installDependencies(lock) {
  if (dependenciesMatch(root)) return 0;
  const { command, args } = installCommand();
  const started = Date.now();
  process.stderr.write('Installing the packages of package-lock.json (npm ci)…\n');
  const code = await run(command, args, lock).catch((error) => {
    process.stderr.write(`${command} could not be started: ${error.message}\n`);
    return 1;
  });
  if (code === 0) {
    process.stderr.write(`Packages installed in ${Math.round((Date.now() - started) / 1000)} s.\n`);
  } else if (interruptedBy === undefined) {
    process.stderr.write(
      'npm ci failed (see above). Check the network and the disk, then run "npm run setup" again.\n',
    );
  }
  return code;
}

async function main() {
  if (process.argv.includes('--help')) {
    process.stdout.write(HELP);
    return 0;
  }
  const problem = nodeVersionProblem(process.versions.node);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    return 1;
  }
  const completed = completedSetup(root);
  const asksForMore = process.argv.includes('--gpu');
  if (
    completed !== undefined &&
    !asksForMore &&
    (completed.whole || !process.argv.includes('--retry'))
  ) {
    process.stderr.write(`${completed.message}\n`);
    return 0;
  }
  // The terminal sends Ctrl-C to the children too: they clean up, this process waits for them.
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      interruptedBy = signal;
      if (signal === 'SIGTERM') running?.kill(signal);
      if (running === undefined) process.exit(128 + constants.signals[signal]);
    });
  }
  let waits = false;
  const lock = await takeLock(join(root, '.setup-lock.tmp'), ({ pid }) => {
    if (waits) return;
    waits = true;
    process.stderr.write(`Another set-up of this checkout runs (process ${pid}); waiting…\n`);
  });
  process.on('exit', () => lock.release());
  const installed = await installDependencies(lock);
  if (installed !== 0 || interruptedBy !== undefined) return installed || 130;
  const steps = ['--import', 'tsx', join(root, 'scripts', 'setup', 'main.ts')];
  return run(process.execPath, [...steps, ...process.argv.slice(2)], lock);
}

main().then(
  (code) => process.exit(code),
  (error) => {
    const refused = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC'].includes(error.code);
    process.stderr.write(
      refused
        ? `Set-up cannot write in ${root}: ${error.message}\nMake the folder writable and free some space.\n`
        : `${error.stack}\n`,
    );
    process.exit(1);
  },
);
