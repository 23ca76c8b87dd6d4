import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { lastLines, runCommand } from '../../foundation/processes/run_command.ts';

const SCRIPT = join(import.meta.dirname, '../peers/nncf_recipes.py');

/** Files that a peer reads, and the one that it writes. */
export interface PeerFiles {
  /** The float network in ONNX. */
  readonly network: string;
  /** [N, H, W, C] float32 as the network takes them. */
  readonly calibration: string;
  readonly measured: string;
  /** [N, …] float32 of the images that are measured. */
  readonly outputs: string;
}

/** What a peer says of its work. */
export interface PeerWork {
  readonly versions: Readonly<Record<string, string>>;
  /** What quantizing took. */
  readonly seconds: number;
  /** The same, of all threads. */
  readonly processorSeconds: number;
}

/**
 * Quantizes a float network by NNCF, and writes what becomes of its outputs.
 * @param python of `pythonEnvironment` with `NNCF`
 * @throws UserError with its last words where it fails; the signal's reason when aborted
 */
export async function quantizeByNncf(
  python: string,
  { network, calibration, measured, outputs }: PeerFiles,
  signal: AbortSignal,
): Promise<PeerWork> {
  const args = ['-I', SCRIPT, network, calibration, measured, outputs];
  const { exitCode, stdout, output } = await runCommand(python, args, { signal });
  if (exitCode !== 0) throw new UserError(`NNCF failed: ${lastLines(output)}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as PeerWork;
}
