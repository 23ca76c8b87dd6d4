import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type CachedArtifact, listArtifacts } from '../../foundation/downloads/artifact_record.ts';
import { messageOf } from '../../foundation/errors.ts';
import { examineProcessor, type Processor } from '../../foundation/processes/processor.ts';
import { isCheckout, projectRoot, SET_UP } from '../../foundation/repository.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import type { TierReport } from '../../quantize/kernels/route.ts';
import { examineTiers } from '../../quantize/kernels/select.ts';
import { CLUSTER_FILE } from '../../training/cluster/addon.ts';
import { type OneDnnChoice, oneDnnInUse } from '../../training/one_dnn/one_dnn_choice.ts';
import { readTrials, type Trial } from '../../training/one_dnn/trials.ts';
import { kernelsName } from '../../workflows/open/kernels_used.ts';
import { probeTfjsNode } from '../setup/probe_tfjs_node.ts';
import { readTfjsNodeRecord, type TfjsNodeRecord } from '../setup/tfjs_node_record.ts';
import { examineGpus, type GpuReport } from './gpus.ts';
import { examineTools, type Tool } from './tools.ts';

/** Something that is missing or broken, and what to do about it. */
export interface Problem {
  readonly what: string;
  readonly remedy: string;
  /** Whether nothing useful works without it. */
  readonly essential: boolean;
}

export interface TfjsNodeReport {
  readonly loads: boolean;
  /** How the set-up got it; "unknown" where it did not run. */
  readonly route: TfjsNodeRecord['route'] | 'unknown';
  readonly binding: TfjsNodeRecord['binding'] | null;
  readonly libtensorflow: string | null;
  /** Why it does not load. */
  readonly error: string | null;
  /** Routes that the set-up tried in vain. */
  readonly failures: TfjsNodeRecord['failures'];
}

/** Kernels of a tier, or of one of its instruction sets. */
export interface TierFinding {
  readonly tier: TierName;
  readonly instructionSet?: string;
  /** "passed" and "failed" are of the self-test. */
  readonly state: TierReport['state'];
  /** Whether `--tier auto` takes it: the fastest that passed. */
  readonly chosen: boolean;
  /** Why it did not pass. */
  readonly reason?: string;
  /** What kernels that passed lack: `Kernels.limitation`. */
  readonly limitation?: string;
}

/** What `tf8 doctor` found out. */
export interface DoctorReport {
  readonly node: { readonly version: string; readonly platform: string };
  readonly tools: readonly Tool[];
  readonly processor: Processor;
  readonly tfjsNode: TfjsNodeReport;
  readonly gpus: GpuReport;
  /** Whether the addon for training by several workers is there. */
  readonly workers: boolean;
  /** Of libtensorflow; long trainings try both settings where the processor lacks AVX-512 VNNI. */
  readonly oneDnn: OneDnnChoice & { readonly trials: readonly Trial[] };
  /** Whether this Node runs 128-bit WebAssembly instructions. */
  readonly wasmSimd: boolean;
  /** The fastest first. */
  readonly tiers: readonly TierFinding[];
  readonly sharp: { readonly version: string; readonly libvips: string } | { error: string };
  readonly cache: {
    readonly folder: string;
    readonly bytes: number;
    readonly artifacts: readonly CachedArtifact[];
  };
  readonly problems: readonly Problem[];
}

/** Looks at the machine and at what tf8 has; changes nothing and needs no network. */
export async function examine(options: {
  /** tf8's folder. */
  root: string;
  cacheDir: string;
}): Promise<DoctorReport> {
  const { root, cacheDir } = options;
  const [tools, processor, tfjsNode, gpus, oneDnn, trials, bytes, artifacts] = await Promise.all([
    examineTools(),
    examineProcessor(),
    examineTfjsNode(projectRoot(root)),
    examineGpus(),
    oneDnnInUse(),
    readTrials(cacheDir),
    bytesIn(cacheDir),
    listArtifacts(cacheDir),
  ]);
  const findings = {
    tools,
    tfjsNode,
    wasmSimd: wasmSimdValidates(),
    tiers: tierFindings(examineTiers()),
    sharp: examineSharp(root),
  };
  return {
    node: { version: process.versions.node, platform: `${process.platform}-${process.arch}` },
    processor,
    gpus,
    workers: existsSync(join(root, CLUSTER_FILE)),
    oneDnn: { ...oneDnn, trials: Object.values(trials) },
    ...findings,
    cache: { folder: cacheDir, bytes, artifacts },
    problems: findProblems(findings),
  };
}

/** What is missing, the essential first. */
export function findProblems(
  found: Pick<DoctorReport, 'tools' | 'tfjsNode' | 'wasmSimd' | 'tiers' | 'sharp'>,
): Problem[] {
  const problems: Problem[] = [];
  if ('error' in found.sharp) {
    problems.push({
      what: `sharp does not load (${found.sharp.error}): no image can be read.`,
      remedy: isCheckout() ? `Remove node_modules and run "${SET_UP}".` : `Run "${SET_UP}".`,
      essential: isCheckout(), // who installs tf8 to run models may have no images to read
    });
  }
  if (found.tiers.every(({ state }) => state !== 'passed')) {
    problems.push({
      what: 'No kernel tier works: TF8 models cannot run.',
      remedy: `Run "${SET_UP}" and look at what it says.`,
      essential: true,
    });
  }
  if (!found.tfjsNode.loads) {
    const missing = found.tools.filter(({ version }) => version === undefined);
    const install =
      missing.length > 0
        ? `Install ${missing.map(({ name }) => name).join(', ')}, then run`
        : 'Run';
    problems.push({
      what: `tfjs-node does not load (${found.tfjsNode.error}): training is some hundred times slower.`,
      remedy: `${install} "${SET_UP}".`,
      essential: false,
    });
  }
  for (const finding of found.tiers) {
    const { state, reason = 'no reason given' } = finding;
    if (state === 'missing') {
      problems.push({
        what: `The kernel tier ${finding.tier} is not available: ${reason}`,
        remedy: tierRemedy(finding.tier, found.wasmSimd),
        essential: false,
      });
    } else if (state === 'failed') {
      problems.push({
        what: `The kernels ${kernelsName(finding)} are passed over: ${reason}`,
        remedy: COMPILE_ANEW,
        essential: false,
      });
    } else if (finding.limitation !== undefined) {
      problems.push({
        what: `The kernel tier ${kernelsName(finding)} ${finding.limitation}`,
        remedy: COMPILE_ANEW,
        essential: false,
      });
    }
  }
  return problems;
}

export function tierFindings(reports: readonly TierReport[]): TierFinding[] {
  const chosen = reports.findIndex(({ state }) => state === 'passed');
  return reports.map((report, i) => ({
    tier: report.tier,
    ...(report.instructionSet !== undefined && { instructionSet: report.instructionSet }),
    state: report.state,
    chosen: i === chosen,
    ...(report.state !== 'passed' && { reason: report.reason }),
    ...(report.state === 'passed' &&
      report.kernels.limitation !== undefined && { limitation: report.kernels.limitation }),
  }));
}

const COMPILE_ANEW = `Run "${isCheckout() ? 'npm run build' : SET_UP}" to compile them anew; if they fail again, it is a bug of tf8.`;

function tierRemedy(tier: TierName, wasmSimd: boolean): string {
  if (tier === 'native') return `Run "${SET_UP}", which compiles them with a C compiler (cc).`;
  if (tier === 'wasm' && !wasmSimd) {
    return 'This Node has no WebAssembly SIMD: install Node 20 or 22 for a processor with SSE4.1 or NEON.';
  }
  return `Run "${SET_UP}".`;
}

async function examineTfjsNode(project: string): Promise<TfjsNodeReport> {
  const [record, probe] = await Promise.all([readTfjsNodeRecord(project), probeTfjsNode(project)]);
  const loads = 'version' in probe;
  return {
    loads,
    route: record?.route ?? 'unknown',
    binding: record?.binding ?? null,
    libtensorflow: loads ? probe.version : null,
    error: loads ? null : probe.error,
    failures: record?.failures ?? [],
  };
}

/** A module with one function that returns `i32x4.splat(0)`, binary format version 1. */
const SIMD_MODULE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type () → v128
  ...[0x03, 0x02, 0x01, 0x00], // function 0 has type 0
  ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x11, 0x0b], // i32.const 0, i32x4.splat, end
);

function wasmSimdValidates(): boolean {
  return (
    globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } }
  ).WebAssembly.validate(SIMD_MODULE);
}

function examineSharp(root: string): DoctorReport['sharp'] {
  try {
    const sharp = createRequire(join(root, 'package.json'))('sharp') as {
      versions: { sharp: string; vips: string };
    };
    return { version: sharp.versions.sharp, libvips: sharp.versions.vips };
  } catch (error) {
    return { error: messageOf(error).split('\n', 1)[0] };
  }
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  let bytes = 0;
  for (const name of names) {
    const info = await stat(join(folder, name)).catch(() => undefined);
    if (info?.isFile()) bytes += info.size;
  }
  return bytes;
}
