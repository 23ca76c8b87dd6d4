import { runCommand } from '../../foundation/processes/run_command.ts';
import { nvidiaDriver } from '../setup/gpu.ts';

/** A GPU as NVIDIA's tool names it. */
export interface Gpu {
  readonly name: string;
  /** Compute capability, "8.0". */
  readonly capability: string;
  /** TensorFlow's library has no kernels for it: they are compiled at first use, up to half an hour. */
  readonly compilesKernels: boolean;
}

export interface GpuReport {
  /** Version of NVIDIA's driver; null where there is none. */
  readonly driver: string | null;
  readonly devices: readonly Gpu[];
}

/** The highest compute capability that TensorFlow 2.15 has kernels for. */
const MOST_CAPABILITY = 8.0;

export async function examineGpus(): Promise<GpuReport> {
  const driver = await nvidiaDriver();
  if (driver === undefined) return { driver: null, devices: [] };
  const query = ['--query-gpu=name,compute_cap', '--format=csv,noheader'];
  const { exitCode, stdout } = await runCommand('nvidia-smi', query);
  return { driver, devices: exitCode === 0 ? gpusIn(stdout) : [] };
}

/** @param listing "NVIDIA A100-SXM4-40GB, 8.0", a line each */
export function gpusIn(listing: string): Gpu[] {
  return listing
    .split('\n')
    .filter((line) => line.includes(','))
    .map((line) => {
      const [name, capability] = line.split(',').map((part) => part.trim());
      return { name, capability, compilesKernels: Number(capability) > MOST_CAPABILITY };
    });
}

/** "NVIDIA A100-SXM4-40GB (8.0); driver 535.104.05" */
export function gpusInWords({ driver, devices }: GpuReport, library: string): string {
  if (driver === null) return 'none: no NVIDIA driver';
  const names = devices.map(
    ({ name, capability, compilesKernels }) =>
      `${name} (${capability}${compilesKernels ? ', kernels are compiled at first use' : ''})`,
  );
  const use = library === 'gpu' ? '' : '; not used: the set-up with --gpu brings its library';
  return `${names.join(', ') || 'none that nvidia-smi lists'}; driver ${driver}${use}`;
}
