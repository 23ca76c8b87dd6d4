import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { lastLines, NOT_FOUND, runCommand } from '../../foundation/processes/run_command.ts';
import { C, cStem } from '../../quantize/export/c/c.ts';
import { exportedOutputs } from '../../quantize/export/tensor_names.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { elements } from '../../quantize/params/shape.ts';
import type { Runtime } from './runtime.ts';

/** Library and program are C99 without a warning. */
export const C_FLAGS = ['-std=c99', '-O2', '-Wall', '-Wextra', '-Werror', '-pedantic'] as const;

export interface CRuntimeOptions {
  /** $CC or cc unless given. */
  readonly compiler?: string;
  /** For the compiler, beside C_FLAGS. */
  readonly flags?: readonly string[];
}

/**
 * Compiles the C library of an export with its example and runs that, once for each image.
 * @param library the exported file; header and example lie beside it
 * @throws UserError where there is no compiler, or it or the program fails; the signal's reason when
 *   aborted
 */
export async function startCRuntime(
  library: string,
  model: Tf8Model,
  signal: AbortSignal,
  { compiler = process.env.CC ?? 'cc', flags = [] }: CRuntimeOptions = {},
): Promise<Runtime> {
  const folder = await mkdtemp(join(tmpdir(), 'tf8-verify-'));
  const at = (name: string) => join(folder, name);
  const close = () => rm(folder, { recursive: true, force: true });
  const run = async (command: string, args: readonly string[]): Promise<string> => {
    const { exitCode, output } = await runCommand(command, args, {
      env: { ...process.env, TMPDIR: folder },
      signal,
    });
    if (exitCode === 0) return output;
    if (exitCode !== NOT_FOUND) {
      throw new UserError(`${command} failed (exit code ${exitCode}): ${lastLines(output)}`);
    }
    throw new UserError(`Expected a C compiler but ${output}`, {
      remedy: 'Install gcc or clang, or name the compiler in CC.',
    });
  };
  try {
    const version = (await run(compiler, ['--version'])).split('\n')[0];
    const [, , program] = C.fileNames(cStem(library));
    await run(compiler, [...C_FLAGS, ...flags, '-o', at('run'), program, library]);
    return {
      name: `C99 of ${version}`,
      async run(image) {
        await writeFile(at('image'), image);
        const printed = await run(at('run'), [at('image'), at('layers')]);
        return tensorsOf(model, await readFile(at('layers')), printed);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The layers by name out of the file with all of them, and the outputs out of what was printed. */
function tensorsOf(model: Tf8Model, layers: Uint8Array, printed: string): Map<string, Uint8Array> {
  let offset = 0;
  const tensors = new Map(
    model.nodes.map(({ name, output }) => {
      const bytes = layers.subarray(offset, offset + elements(output.shape));
      offset += bytes.length;
      return [name, bytes] as const;
    }),
  );
  const bytes = Uint8Array.from(printed.matchAll(/^(\d+) /gm), ([, byte]) => Number(byte));
  offset = 0;
  for (const { name, spec } of exportedOutputs(model)) {
    const length = elements(spec.shape);
    tensors.set(name, bytes.subarray(offset, offset + length));
    offset += length;
  }
  return tensors;
}
