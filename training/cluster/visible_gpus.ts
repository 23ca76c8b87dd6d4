import { readdir } from 'node:fs/promises';

/** What NVIDIA's driver says of the machine's GPUs: a folder each. */
const GPUS = '/proc/driver/nvidia/gpus';

/**
 * The GPUs that processes of this machine may use, as CUDA_VISIBLE_DEVICES names them: those that it names
 * already, else all that the driver has.
 */
export async function visibleGpus(
  named = process.env.CUDA_VISIBLE_DEVICES,
  folder = GPUS,
): Promise<readonly string[]> {
  if (named !== undefined) return named.split(',').filter((name) => name.trim() !== '');
  const found = await readdir(folder).catch(() => []);
  return found.map((_, index) => `${index}`);
}

/** The environment of a worker: a GPU of its own where there are some, whose memory it takes as it needs it. */
export function environmentOf(rank: number, gpus: readonly string[]): NodeJS.ProcessEnv {
  if (gpus.length === 0) return {};
  return {
    CUDA_VISIBLE_DEVICES: gpus[rank % gpus.length],
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  };
}
