import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import {
  MICRO,
  type PythonPackages,
  pythonEnvironment,
  QONNX,
  RUNTIMES,
} from '../../foundation/python/python_environment.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { withOutputs } from '../../quantize/export/onnx/onnx.ts';
import { exportedOutputs } from '../../quantize/export/tensor_names.ts';
import { int8WithLayers } from '../../quantize/export/tflite/tflite.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { type Tf8Model, tensorSpecs } from '../../quantize/model/tf8_model.ts';
import { option } from '../wording.ts';
import { startCRuntime } from './c_runtime.ts';
import { startNodeRuntime } from './node_runtime.ts';
import { type PythonRuntimeOptions, startPythonRuntime } from './python_runtime.ts';
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
 * @param sessionConfig entries of an ONNX Runtime session
 * @throws UserError where the runtime does not read the format or cannot be set up
 */
export async function openRuntime(
  exported: Exported,
  name: RuntimeName | undefined,
  context: Context,
  sessionConfig?: RuntimeTask['sessionConfig'],
): Promise<Runtime> {
  const chosen = chosenRuntime(exported, name);
  if (sessionConfig !== undefined && !chosen.startsWith('onnxruntime')) {
    throw new UserError(
      `Expected ONNX Runtime as the runtime where ${option('sessionConfig')} is given but it is ${chosen}`,
      { remedy: 'Leave it out: it sets entries of an ONNX Runtime session.' },
    );
  }
  const { model } = exported;
  const layers = model.nodes.map((node) => node.name);
  const file = resolve(exported.path);
  const outputs = exportedOutputs(model).map(({ name }) => name);
  const task: RuntimeTask = { file, layersFile: file, layers, outputs, sessionConfig };
  if (chosen === 'cc') return startCRuntime(file, model, context.signal);
  if (chosen === 'litert') return startPython(task, chosen, context);
  if (chosen === 'qonnx') {
    return startPython({ ...task, parameters: parametersOf(model) }, chosen, context);
  }
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

/**
 * The runtime that is asked for, or the first that reads the format.
 * @throws UserError where it does not read it
 */
export function chosenRuntime(
  { format, path }: Pick<Exported, 'format' | 'path'>,
  name: RuntimeName | undefined,
): RuntimeName {
  const fitting = runtimesOf(format);
  const chosen = name ?? fitting[0];
  if (chosen !== undefined && fitting.includes(chosen)) return chosen;
  throw new UserError(
    `Expected ${fitting.join(' or ')} as the runtime of ${path}, which is ${format}, but received ${chosen}`,
  );
}

/** Of the image, the layers and the outputs. */
function parametersOf(model: Tf8Model): NonNullable<RuntimeTask['parameters']> {
  const tensors = [
    ...tensorSpecs(model).values(),
    ...exportedOutputs(model).map(({ spec }) => spec),
  ];
  return tensors.map(({ quantization: { scale, zeroPoint } }) => [scale, zeroPoint] as const);
}

/** The runtimes of exports; Keras computes only float files. */
type ExportRuntime = Exclude<PythonRuntimeOptions['kind'], 'keras'>;

const PACKAGES: Readonly<Record<ExportRuntime, PythonPackages>> = {
  litert: RUNTIMES,
  onnxruntime: RUNTIMES,
  'tflite-micro': MICRO,
  qonnx: QONNX,
};

async function startPython(
  task: RuntimeTask,
  kind: ExportRuntime,
  context: Context,
): Promise<Runtime> {
  const python = await pythonEnvironment(PACKAGES[kind], context);
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
