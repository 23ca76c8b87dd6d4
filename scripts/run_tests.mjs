#!/usr/bin/env node
// Runs every check and the tests; the last line counts them all. `npm test -- PATTERN…` runs only the
// tests of these files, `npm run check` (--checks) only the checks.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checksOnly = process.argv.includes('--checks');
const patterns = process.argv.slice(2).filter((argument) => argument !== '--checks');
const root = fileURLToPath(new URL('..', import.meta.url));
/** The folders of the sources: those that TypeScript checks. */
const { include: folders } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));

const temporary = mkdtempSync(join(tmpdir(), 'tf8-tests-'));
const summary = join(temporary, 'summary.json');

const bin = (path) => join(root, 'node_modules', path);
const CHECKS = [
  {
    title: 'Format and lint',
    command: [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings'],
  },
  { title: 'Types', command: [bin('typescript/bin/tsc'), '-p', 'tsconfig.json'] },
  {
    title: 'Types in the browser',
    command: [bin('typescript/bin/tsc'), '-p', 'workflows/report/page'],
  },
  {
    title: 'Types of the example in the browser',
    command: [bin('typescript/bin/tsc'), '-p', 'examples/browser'],
  },
  {
    title: 'Import directions',
    command: [
      bin('dependency-cruiser/bin/dependency-cruise.mjs'),
      ...['--config', '.dependency-cruiser.cjs'],
      ...folders,
    ],
  },
  { title: 'Dead code', command: [bin('knip/bin/knip.js')] },
  {
    title: 'Code that only tests use',
    command: [bin('knip/bin/knip.js'), '--production', '--exclude', 'dependencies'],
  },
];
const TESTS = {
  title: 'Tests',
  command: [
    bin('mocha/bin/mocha.js'),
    ...['--reporter', 'scripts/test_reporter.cjs', '--reporter-option', `summary=${summary}`],
    // Two files at a time: most wait for a process, a disk or one thread. The slow ones have the machine alone.
    ...(patterns.length > 0 ? patterns : ['--parallel', '--jobs', '2', 'test/**/*.test.ts']),
  ],
};

/** Runs a script of node_modules with this Node; gives whether it succeeded. */
function run([script, ...args]) {
  return new Promise((resolve) => {
    const stdio = ['ignore', 'inherit', 'inherit'];
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}

async function timed({ title, command }) {
  console.log(`\n── ${title}`);
  const started = Date.now();
  const passed = await run(command);
  return { title, passed, seconds: Math.round((Date.now() - started) / 1000) };
}

/** What mocha counted, and what failed; where it ended without counting, or found no test, that is one failure. */
function countTests(succeeded) {
  try {
    const counts = JSON.parse(readFileSync(summary, 'utf8'));
    const silent = counts.failed === 0 && (!succeeded || counts.passed === 0);
    return silent ? { ...counts, failed: 1 } : counts;
  } catch {
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: ['the tests ended before they were counted'],
    };
  }
}

try {
  const results = [];
  for (const check of patterns.length > 0 ? [] : CHECKS) results.push(await timed(check));
  const tests = checksOnly ? undefined : await timed(TESTS);
  const counts = tests
    ? countTests(tests.passed)
    : { passed: 0, failed: 0, skipped: 0, failures: [] };
  console.log('\n── Summary');
  for (const { title, passed, seconds } of results) {
    console.log(`${passed ? 'passed' : 'FAILED'}  ${title} (${seconds} s)`);
  }
  if (tests !== undefined) {
    const outcome = counts.failed === 0 ? 'passed' : 'FAILED';
    console.log(`${outcome}  ${tests.title} (${tests.seconds} s)`);
    for (const failure of counts.failures) console.log(`        ${failure}`);
  }
  const passed = counts.passed + results.filter((result) => result.passed).length;
  const failed = counts.failed + results.filter((result) => !result.passed).length;
  console.log(`${passed} passed, ${failed} failed, ${counts.skipped} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
