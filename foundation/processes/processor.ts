import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { runCommand } from './run_command.ts';

export interface Processor {
  readonly model: string;
  readonly architecture: string;
  /** Threads that this process may use at once. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Instruction sets that matter to 8-bit kernels; undefined where the system does not say. */
  readonly features: readonly string[] | undefined;
}

/** Linux's names of x86 and ARM instruction sets → the names people know. */
const LINUX_FEATURES: Readonly<Record<string, string>> = {
  sse4_1: 'SSE4.1',
  avx2: 'AVX2',
  fma: 'FMA',
  avx512bw: 'AVX-512BW',
  avx512_vnni: 'AVX-512 VNNI',
  avx_vnni: 'AVX-VNNI',
  amx_int8: 'AMX-INT8',
  asimd: 'NEON',
  asimddp: 'NEON dot product',
  i8mm: 'I8MM',
};

/** macOS's settings that are 1 where the processor has the instruction set. */
const MACOS_FEATURES: Readonly<Record<string, string>> = {
  'hw.optional.sse4_1': 'SSE4.1',
  'hw.optional.avx2_0': 'AVX2',
  'hw.optional.avx512vnni': 'AVX-512 VNNI',
  'hw.optional.AdvSIMD': 'NEON',
  'hw.optional.arm.FEAT_DotProd': 'NEON dot product',
  'hw.optional.arm.FEAT_I8MM': 'I8MM',
};

/** The instruction sets in the text of /proc/cpuinfo ("flags" on x86, "Features" on ARM). */
export function linuxFeatures(cpuinfo: string): string[] {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  const flags = new Set(line.trim().split(/\s+/));
  return Object.keys(LINUX_FEATURES)
    .filter((flag) => flags.has(flag))
    .map((flag) => LINUX_FEATURES[flag]);
}

/** The instruction sets in the output of `sysctl -a` on macOS. */
export function macosFeatures(sysctl: string): string[] {
  return Object.keys(MACOS_FEATURES)
    .filter((name) => sysctl.includes(`\n${name}: 1\n`))
    .map((name) => MACOS_FEATURES[name]);
}

/** The widest of these that a processor has decides how fast 8-bit kernels run: the widest first. */
const WIDEST = [
  'AVX-512 VNNI',
  'AVX-VNNI',
  'AVX-512BW',
  'AVX2',
  'SSE4.1',
  'I8MM',
  'NEON dot product',
  'NEON',
] as const;

/**
 * A processor's name in records and plans, such as "AMD EPYC (family 25, model 1, AVX2)": virtual
 * machines name several kinds alike.
 * @param cpuinfo the text of /proc/cpuinfo; empty on other systems
 */
export function processorNameOf(
  { model, features = [] }: Pick<Processor, 'model' | 'features'>,
  cpuinfo: string,
): string {
  const number = (key: string) => new RegExp(`^${key}\\s*:\\s*(\\d+)$`, 'm').exec(cpuinfo)?.[1];
  const [family, kind] = [number('cpu family'), number('model')];
  const details = [
    ...(family === undefined ? [] : [`family ${family}`]),
    ...(kind === undefined ? [] : [`model ${kind}`]),
    ...WIDEST.filter((name) => features.includes(name)).slice(0, 1),
  ];
  return details.length === 0 ? model : `${model} (${details.join(', ')})`;
}

/** This machine's: see `processorNameOf`. */
export async function processorName(): Promise<string> {
  const isLinux = process.platform === 'linux';
  const cpuinfo = isLinux ? await readFile('/proc/cpuinfo', 'utf8').catch(() => '') : '';
  return processorNameOf(await examineProcessor(), cpuinfo);
}

async function features(): Promise<string[] | undefined> {
  try {
    if (process.platform === 'linux') return linuxFeatures(await readFile('/proc/cpuinfo', 'utf8'));
    if (process.platform === 'darwin') {
      const { exitCode, stdout } = await runCommand('sysctl', ['-a']);
      return exitCode === 0 ? macosFeatures(`\n${stdout}`) : undefined;
    }
  } catch {
    // The report says that the system does not say.
  }
  return undefined;
}

export async function examineProcessor(): Promise<Processor> {
  return {
    model: cpus()[0]?.model.trim() || 'unknown',
    architecture: process.arch,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    features: await features(),
  };
}
