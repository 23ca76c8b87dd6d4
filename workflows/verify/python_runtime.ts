import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../foundation/errors.ts';
import { PipedProcess } from '../../foundation/processes/piped_process.ts';
import { repositoryRoot } from '../../foundation/repository.ts';
import { ByteReader } from './byte_reader.ts';
import type { Runtime, RuntimeTask } from './runtime.ts';

const SCRIPT = join(repositoryRoot(), 'workflows', 'verify', 'run_export.py');
/** Speaks the same protocol, of float files. */
export const RUN_FLOAT = join(repositoryRoot(), 'workflows', 'verify', 'run_float.py');
const NEWLINE = 0x0a;

const AnswerSchema = z.object({
  runtime: z.string(),
  imageBytes: z.int().positive(),
  bytes: z.array(z.int().positive()),
});

export interface PythonRuntimeOptions {
  /** The interpreter, of `pythonEnvironment`. */
  readonly python: string;
  readonly kind: 'litert' | 'onnxruntime' | 'tflite-micro' | 'keras' | 'qonnx';
  /** [N, …] of the images, for a float file; none in bytes. */
  readonly shape?: readonly number[];
  /** Ends the process. */
  readonly signal: AbortSignal;
  /** The program that speaks the protocol of run_export.py; that one unless given. */
  readonly script?: string;
}

/**
 * Starts LiteRT or ONNX Runtime in a process of Python.
 * @throws UserError with what the process last said where it ends or refuses the file; the signal's
 *   reason when aborted
 */
export async function startPythonRuntime(
  task: RuntimeTask,
  options: PythonRuntimeOptions,
): Promise<Runtime> {
  const process = new PythonProcess(options);
  try {
    const { file, layersFile, layers } = task;
    const outputs = task.outputs.length;
    const { parameters, sessionConfig: session } = task;
    const request = {
      kind: options.kind,
      shape: options.shape,
      file,
      layers: layersFile,
      names: layers,
      outputs,
      ...(parameters && { parameters }),
      ...(session && { session }),
    };
    process.write(`${JSON.stringify(request)}\n`);
    const { runtime, imageBytes, bytes } = AnswerSchema.parse(JSON.parse(await process.line()));
    const names = [...layers, ...task.outputs];
    return {
      name: runtime,
      async run(image) {
        if (image.length !== imageBytes) {
          throw new UserError(
            `Expected an image of ${imageBytes} bytes for ${file} but received ${image.length}`,
          );
        }
        process.write(image);
        const tensors = new Map<string, Uint8Array>();
        for (const [index, name] of names.entries()) {
          tensors.set(name, await process.bytes(bytes[index]));
        }
        return tensors;
      },
      close: () => process.close(),
    };
  } catch (error) {
    await process.close();
    throw error;
  }
}

class PythonProcess {
  private readonly process: PipedProcess;
  private readonly reader: ByteReader;
  private readonly signal: AbortSignal;

  constructor({ python, signal, script = SCRIPT }: PythonRuntimeOptions) {
    this.signal = signal;
    this.process = new PipedProcess({ program: python, args: ['-I', '-u', script], signal });
    this.reader = new ByteReader(this.process.stdout);
  }

  write(data: string | Uint8Array): void {
    this.process.write(data);
  }

  async line(): Promise<string> {
    return new TextDecoder().decode(await this.whole(this.reader.until(NEWLINE)));
  }

  bytes(count: number): Promise<Uint8Array> {
    return this.whole(this.reader.take(count));
  }

  async close(): Promise<void> {
    this.process.kill();
    await this.process.ended;
  }

  private async whole(read: Promise<Uint8Array | undefined>): Promise<Uint8Array> {
    const bytes = await read;
    if (bytes !== undefined) return bytes;
    const why = await this.process.ended;
    this.signal.throwIfAborted();
    throw new UserError(`The runtime's process ended (${why}): ${this.process.lastWords}`);
  }
}
