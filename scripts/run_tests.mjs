#!/usr/bin/env node
// Runs every check and the tests; the last line counts them all. `npm test -- PATTERN…` runs only the
// tests of these files, `npm run check` (--checks) only the checks, `npm run test:slow` (--slow) only the
// slow tests.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checksOnly = process.argv.includes('--checks');
const slow = process.argv.includes('--slow');
const patterns = process.argv.slice(2).filter((argument) => !/^--(checks|slow)$/.test(argument));
const root = fileURLToPath(new URL('..', import.meta.url));
/** The folders of the sources: those that TypeScript checks. */
const { include: folders } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));

const temporary = mkdtempSync(join(tmpdir(), 'tf8-tests-'));
const summary = join(temporary, 'summary.json');

const bin = (path) => join(root, 'node_modules', path);
/** The types take as long as the rest together: first. What the compiler remembers makes it faster next time. */
const REMEMBERED = join(root, 'node_modules', '.cache', 'tf8', 'types.tsbuildinfo');
const CHECKS = [
  {
    title: 'Types',
    command: [
      bin('typescript/bin/tsc'),
      ...['-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', REMEMBERED],
    ],
  },
  {
    title: 'Format and lint',
    command: [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings'],
  },
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
/** They take longest: begun first, none of them runs alone at the end. */
const LONGEST = [
  'scripts/command_line.test.ts',
  'workflows/reproduce/reproduce.test.ts',
  'workflows/analyze/analyze.test.ts',
  'workflows/train/train.test.ts',
  'workflows/rearchitect/rearchitect.test.ts',
  'workflows/evaluate/evaluate.test.ts',
  'workflows/shards/merge_shards.test.ts',
  'workflows/verify/c_runtime.test.ts',
  'architectures/rearchitect/reconstruct.test.ts',
  'workflows/compare/compare.test.ts',
  'workflows/evaluate/measurement_cache.test.ts',
  'package/command.test.ts',
  'workflows/report/write_report.test.ts',
  'workflows/own_data.test.ts',
  'scripts/rearchitect_command.test.ts',
  'slow/kill_resume.slow.ts',
  'slow/native_sanitizers.slow.ts',
  'slow/one_dnn_off.slow.ts',
  'slow/workers.slow.ts',
  'slow/training_memory.slow.ts',
  'slow/tiers.slow.ts',
  'slow/step_agreement.slow.ts',
  'slow/published_figures.slow.ts',
  'slow/reproduce.slow.ts',
  'slow/networks.slow.ts',
  'slow/ways.slow.ts',
  'slow/tensorflow_files.slow.ts',
  'slow/installed_setup.slow.ts',
].map((path) => join('test', path));

/** The test files whose names end so, the longest first. */
function testFiles(ending) {
  const files = readdirSync(join(root, 'test'), { recursive: true })
    .filter((path) => path.endsWith(ending))
    .map((path) => join('test', path))
    .sort();
  const longest = LONGEST.filter((path) => files.includes(path));
  return [...longest, ...files.filter((path) => !longest.includes(path))];
}

// Two files at a time: most wait for a process, a disk or one thread.
const TWO_AT_ONCE = ['--parallel', '--jobs', '2'];
/** What is run: the files that are named, or one of the suites. */
function chosenTests() {
  if (patterns.length > 0) return patterns;
  return [...TWO_AT_ONCE, ...testFiles(slow ? '.slow.ts' : '.test.ts')];
}
const TESTS = {
  title: 'Tests',
  command: [
    bin('mocha/bin/mocha.js'),
    ...['--reporter', 'scripts/test_reporter.cjs', '--reporter-option', `summary=${summary}`],
    ...chosenTests(),
  ],
};

/** Checks that run at the same time: one is bound to one core. */
const AT_ONCE = 2;

/**
 * Runs a script of node_modules with this Node.
 *
 * @param {'inherit' | 'pipe'} output where it goes: through, or into the result
 */
async function timed({ title, command: [script, ...args] }, output) {
  const started = Date.now();
  const child = spawn(process.execPath, [script, ...args], {
    cwd: root,
    stdio: ['ignore', output, output],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  const passed = await new Promise((resolve) => {
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
  return { title, passed, said, seconds: Math.round((Date.now() - started) / 1000) };
}

const heading = (title) => console.log(`\n── ${title}`);

/** Runs all checks; what each has said is printed when it has ended. Gives them in their order. */
async function runChecks() {
  const results = [];
  const left = [...CHECKS.entries()];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, check] = next;
      results[index] = await timed(check, 'pipe');
      heading(check.title);
      process.stdout.write(results[index].said);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}

function runTests() {
  heading(TESTS.title);
  return timed(TESTS, 'inherit');
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
  const results = patterns.length > 0 || slow ? [] : await runChecks();
  const tests = checksOnly ? undefined : await runTests();
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
