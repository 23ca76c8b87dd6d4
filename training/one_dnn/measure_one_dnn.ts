import { fileURLToPath } from 'node:url';
import { UserError } from '../../foundation/errors.ts';
import { lastLines, runCommand } from '../../foundation/processes/run_command.ts';
import { sourceHooks } from '../../foundation/processes/source_hooks.ts';
import { ONE_DNN_VARIABLE } from '../tensorflow_environment.ts';
import type { StepShape } from './step_shape.ts';

/** Of this module: the sources or the compiled ones. */
const EXTENSION = import.meta.url.slice(-3);

const PROGRAM = fileURLToPath(new URL(`./time_steps${EXTENSION}`, import.meta.url));

/** A line of the program's output. */
const RATE = /^images per second: (\S+)$/m;

/**
 * Images per second of a shape's training step, measured for some seconds in a process of its own:
 * libtensorflow reads once whether oneDNN is on.
 * @throws UserError with what the process said where it fails; the signal's reason when aborted
 */
export async function measureOneDnn(
  shape: StepShape,
  oneDnn: boolean,
  signal: AbortSignal,
): Promise<number> {
  const { exitCode, output } = await runCommand(
    process.execPath,
    [...sourceHooks(import.meta.url), PROGRAM, JSON.stringify(shape)],
    { signal, env: { ...process.env, [ONE_DNN_VARIABLE]: oneDnn ? '1' : '0' } },
  );
  const rate = Number(RATE.exec(output)?.[1]);
  if (exitCode === 0 && rate > 0) return rate;
  throw new UserError(`Expected a trial of training steps but: ${lastLines(output)}`);
}
