import { existsSync } from 'node:fs';
import { access, constants, mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import { terminalReporter } from '../../foundation/reporting/terminal_reporter.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { CLUSTER_FILE } from '../../training/cluster/addon.ts';
import { CLUSTER_STEP } from './cluster_step.ts';
import { COMPILE_STEP } from './compile_step.ts';
import { COMPLETED_RECORD, type CompletedSetup } from './completed.mjs';
import { NATIVE_FILE, NATIVE_STEP } from './native_step.ts';
import type { SetupContext, SetupStep } from './step.ts';
import { bindingPath, readTfjsNodeRecord } from './tfjs_node_record.ts';
import { TFJS_NODE_STEP } from './tfjs_node_step.ts';
import { WASM_FILES, WASM_STEP } from './wasm_step.ts';

/** In the order in which each needs those before it; the longest, which may fail, comes late. */
const STEPS: readonly SetupStep[] = [
  WASM_STEP,
  NATIVE_STEP,
  COMPILE_STEP,
  TFJS_NODE_STEP,
  CLUSTER_STEP,
];

async function requireCacheFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (error) {
    throw new UserError(`Expected a cache folder at ${path} but: ${messageOf(error)}`, {
      remedy: 'Set TF8_CACHE to a folder that you may write to.',
      cause: error,
    });
  }
}

async function setUp(context: SetupContext): Promise<void> {
  const { root, cacheDir: cache, reporter, signal } = context;
  await requireCacheFolder(cache);
  await rm(join(root, COMPLETED_RECORD), { force: true });
  for (const step of STEPS) {
    signal.throwIfAborted();
    if (!(await step.isDone(context))) await step.run(context);
  }
  const completed = await describeSetup(root);
  await writeFileAtomic(join(root, COMPLETED_RECORD), JSON.stringify(completed));
  reporter.info(completed.message);
}

async function describeSetup(root: string): Promise<CompletedSetup> {
  const record = await readTfjsNodeRecord(root);
  const hasTfjsNode = record !== undefined && record.route !== 'none';
  const hasNative = existsSync(join(root, NATIVE_FILE));
  const hasCluster = existsSync(join(root, CLUSTER_FILE));
  const parts = hasTfjsNode
    ? [`tf8 is set up: tfjs-node with libtensorflow ${record.libtensorflow} (${record.route}).`]
    : ['tf8 is set up without tfjs-node, so without training: "npx tf8 doctor" says why.'];
  if (!hasNative) parts.push('Without native kernels: TF8 models run on the WASM kernels.');
  if (hasTfjsNode && !hasCluster) parts.push('Without the addon for training by several workers.');
  return {
    message: parts.join(' '),
    whole: hasTfjsNode && hasNative && hasCluster,
    files: [
      ...WASM_FILES,
      ...(hasNative ? [NATIVE_FILE] : []),
      ...(hasCluster ? [CLUSTER_FILE] : []),
      ...(hasTfjsNode ? [relative(root, bindingPath(root))] : []),
    ],
  };
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new Error('interrupted')));
}

const root = repositoryRoot();
try {
  await setUp({
    root,
    project: root,
    cacheDir: cacheDir(),
    reporter: terminalReporter(process.stderr),
    signal: interruption.signal,
    retry: process.argv.includes('--retry'),
    gpu: process.argv.includes('--gpu') && (process.argv.includes('--force') ? 'forced' : true),
  });
} catch (error) {
  if (interruption.signal.aborted) {
    console.error('Set-up interrupted; started again, it goes on from here.');
    process.exit(130);
  }
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  if (error.remedy !== undefined) console.error(error.remedy);
  process.exit(1);
}
