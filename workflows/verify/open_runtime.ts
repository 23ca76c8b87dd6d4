import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { MICRO, pythonEnvironment, RUNTIMES } from '../../foundation/python/python_environment.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { withOutputs } from '../../quantize/export/onnx/onnx.ts';
import { exportedOutputs } from '../../quantize/export/tensor_names.ts';
import { int8WithLayers } from '../../quantize/export/tflite/tflite.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../quantize/model/tf8_model.ts';
import { startCRuntime } from './c_runtime.ts';
import { startNodeRuntime } from './node_runtime.ts';
import { startPythonRuntime } from './python_runtime.ts';
import type { Runtime, RuntimeTask } from './runtime.ts';
import { type RuntimeName, runtimesOf } from './runtime_names.ts';

/** An exported file that was read. */
export interface Exported {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly format: string;
  readonly model: Tf8Model;
}

/**
 * Starts a runtime with an exported file.
 * @param name that of the format unless given
 * @throws UserError where the runtime does not read the format or cannot be set up
 */
export async function openRuntime(
  exported: Exported,
  name: RuntimeName | undefined,
  context: Context,
): Promise<Runtime> {
  const fitting = runtimesOf(exported.format);
  const chosen = name ?? fitting[0];
  if (chosen === undefined || !fitting.includes(chosen)) {
    throw new UserError(
      `Expected ${fitting.join(' or ')} as the runtime of ${exported.path}, which is ${exported.format}, but received ${chosen}`,
    );
  }
  const { model } = exported;
  const layers = model.nodes.map((node) => node.name);
  const file = resolve(exported.path);
  const outputs = exportedOutputs(model).map(({ name }) => name);
  const task: RuntimeTask = { file, layersFile: file, layers, outputs };
  if (chosen === 'cc') return startCRuntime(file, model, context.signal);
  if (chosen === 'litert') return startPython(task, chosen, context);
  if (chosen === 'tflite-micro') {
    // It gives the outputs of the graph only.
    return withCopy(int8WithLayers(model, await encodeTf8(model)), (layersFile) =>
      startPython({ ...task, layersFile }, chosen, context),
    );
  }
  // ONNX Runtime gives the outputs of the graph only.
  return withCopy(withOutputs(exported.bytes, layers, file), (layersFile) =>
    chosen === 'onnxruntime'
      ? startPython({ ...task, layersFile }, chosen, context)
      : startNodeRuntime({ ...task, layersFile }, model.input.shape),
  );
}

async function startPython(
  task: RuntimeTask,
  kind: 'litert' | 'onnxruntime' | 'tflite-micro',
  context: Context,
): Promise<Runtime> {
  const packages = kind === 'tflite-micro' ? MICRO : RUNTIMES;
  const python = await pythonEnvironment(packages, context);
  return startPythonRuntime(task, { python, kind, signal: context.signal });
}

/** `start` with the path of a file that holds `bytes`; a runtime has read it when it has started. */
async function withCopy(
  bytes: Uint8Array,
  start: (path: string) => Promise<Runtime>,
): Promise<Runtime> {
  const folder = await mkdtemp(join(tmpdir(), 'tf8-verify-'));
  try {
    const path = join(folder, 'layers.onnx');
    await writeFile(path, bytes);
    return await start(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
