/** Other programs that run float networks from their files: what our float graphs are held against. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { shapeIn } from '../../architectures/graph/float_graph.ts';
import { readValues } from '../../architectures/graph/read_values.ts';
import type { Shape } from '../../architectures/graph/shape.ts';
import type { FloatModel } from '../../checkpoints/float_model.ts';
import type { FloatModelPlace } from '../../checkpoints/float_model_place.ts';
import { readWeightData, weightsManifestSchema } from '../../checkpoints/tfjs/weights_manifest.ts';
import { UserError } from '../../foundation/errors.ts';
import { littleEndian } from '../../foundation/little_endian.ts';
import {
  KERAS_3,
  pythonEnvironment,
  RUNTIMES,
  TENSORFLOW,
} from '../../foundation/python/python_environment.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { permuteFloats } from '../../quantize/export/tensor_layout.ts';
import { type PythonRuntimeOptions, RUN_FLOAT, startPythonRuntime } from './python_runtime.ts';
import type { Runtime } from './runtime.ts';

export interface FloatOracle {
  /** Name and version. */
  readonly name: string;
  /**
   * The outputs [1, …] of one image, in the order of the float graph's.
   * @param pixels [H, W, C], as the file takes them
   */
  run(pixels: Float32Array): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

/**
 * What runs the model's file: TensorFlow.js' executor of layers or, of a graph, that of
 * `@tensorflow/tfjs-converter`; LiteRT of a TensorFlow Lite file, ONNX Runtime of an ONNX file; and the Keras,
 * 2 or 3, that wrote it of its own.
 * @throws UserError where nothing does
 */
export async function openFloatOracle(
  place: FloatModelPlace,
  loaded: FloatModel,
  context: Context,
): Promise<FloatOracle> {
  const { height, width, channels } = loaded.input;
  const shape = [1, height, width, channels] as const;
  const { format, kerasVersion } = loaded;
  switch (format) {
    case 'tfjs LayersModel':
      return layersOracle(loaded, shape);
    case 'tfjs GraphModel':
      return graphOracle(place, loaded, shape);
    case 'TensorFlow Lite':
      return liteOracle(place, loaded, shape, context);
    case 'ONNX':
      return onnxOracle(place, loaded, shape, context);
    case 'Keras HDF5':
    case 'Keras 3':
      if (kerasVersion !== undefined) {
        return kerasOracle(place, loaded, kerasVersion, shape, context);
      }
      throw notRun(place, 'has weights alone');
    case 'TensorFlow SavedModel':
    case 'TensorFlow frozen graph':
    case 'TensorFlow checkpoint V1':
    case 'TensorFlow checkpoint V2':
      throw notRun(place, `is a ${format}`);
  }
}

function notRun({ path }: FloatModelPlace, what: string): UserError {
  return new UserError(`Expected a model that another program runs here but ${path} ${what}`, {
    remedy:
      'Pass a tfjs model, a float .tflite or .onnx file, or a network that Keras saved whole.',
  });
}

type BatchShape = readonly [1, number, number, number];

function layersOracle({ network }: FloatModel, shape: BatchShape): FloatOracle {
  const { layersModel } = network;
  return {
    name: `TensorFlow.js ${tf.version['tfjs-layers']} (layers)`,
    run: async (pixels) =>
      readValues(() => [layersModel.predict(tf.tensor4d(pixels, [...shape]))].flat()),
    close: async () => {},
  };
}

async function graphOracle(
  { path }: FloatModelPlace,
  { origin }: FloatModel,
  shape: BatchShape,
): Promise<FloatOracle> {
  const { loadGraphModel, version_converter: version } = await import('@tensorflow/tfjs-converter');
  const file = (await stat(path)).isDirectory() ? join(path, 'model.json') : path;
  const json = JSON.parse(await readFile(file, 'utf8'));
  const manifest = weightsManifestSchema.parse(json.weightsManifest);
  const { weightSpecs, weightData } = await readWeightData(file, manifest);
  const { modelTopology, signature, userDefinedMetadata, modelInitializer } = json;
  const model = await loadGraphModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs,
      weightData: weightData.buffer,
      ...(signature && { signature }),
      ...(userDefinedMetadata && { userDefinedMetadata }),
      ...(modelInitializer && { modelInitializer }),
    }),
  );
  const { input, outputs } = origin!;
  const names = [...outputs.values()];
  const nodes = modelTopology.node as readonly { readonly op: string }[];
  const isDynamic = nodes.some(({ op }) => CONTROL_FLOW.has(op));
  const isInteger = model.inputs.some(({ name, dtype }) => name === input && dtype === 'int32');
  return {
    name: `tfjs-converter ${version}`,
    async run(pixels) {
      const images = tf.tensor4d(pixels, [...shape], isInteger ? 'int32' : 'float32');
      const made = await (isDynamic
        ? model.executeAsync({ [input]: images }, names)
        : model.execute({ [input]: images }, names));
      const values = [made].flat().map((each) => Float32Array.from(each.dataSync()));
      tf.dispose([images, made]);
      return values;
    },
    close: async () => model.dispose(),
  };
}

/** Operations of loops and branches, which the converter runs otherwise. */
const CONTROL_FLOW = new Set(['Switch', 'Merge', 'Enter', 'While', 'If', 'StatelessWhile']);

async function liteOracle(
  place: FloatModelPlace,
  { origin }: FloatModel,
  shape: BatchShape,
  context: Context,
): Promise<FloatOracle> {
  const tensors = [...origin!.outputs.values()];
  const layers = [origin!.input, ...tensors];
  const runtime = await startFloat(place, layers, { kind: 'litert', shape }, context);
  return oracleOf(runtime, tensors);
}

async function onnxOracle(
  place: FloatModelPlace,
  { origin, network }: FloatModel,
  shape: BatchShape,
  context: Context,
): Promise<FloatOracle> {
  const { input, outputs, channelsFirst = new Set() } = origin!;
  const [, height, width, channels] = shape;
  const isFirst = channelsFirst.has(input);
  const own = isFirst ? [1, channels, height, width] : shape;
  const tensors = [...outputs.values()];
  const layers = [input, ...tensors];
  const runtime = await startFloat(place, layers, { kind: 'onnxruntime', shape: own }, context);
  const oracle = oracleOf(runtime, tensors);
  const shapes = [...outputs.keys()].map((node) => shapeIn(network.graph, node));
  return {
    ...oracle,
    async run(pixels) {
      const made = await oracle.run(isFirst ? channelsInFront(pixels, shape.slice(1)) : pixels);
      return made.map((values, at) =>
        channelsFirst.has(tensors[at]) ? channelsBehind(values, shapes[at]) : values,
      );
    },
  };
}

async function kerasOracle(
  place: FloatModelPlace,
  { network }: FloatModel,
  version: 2 | 3,
  shape: BatchShape,
  context: Context,
): Promise<FloatOracle> {
  // Its outputs have no names that the file would know.
  const outputs = network.graph.outputs.map((_, index) => String(index));
  const layers = ['images', ...outputs];
  const packages = version === 3 ? KERAS_3 : TENSORFLOW;
  const runtime = await startFloat(place, layers, { kind: 'keras', shape }, context, packages);
  return oracleOf(runtime, outputs);
}

/** @param layers names of the images and the outputs in the file */
async function startFloat(
  { path }: FloatModelPlace,
  layers: readonly string[],
  options: Pick<PythonRuntimeOptions, 'kind' | 'shape'>,
  context: Context,
  packages = RUNTIMES,
): Promise<Runtime> {
  const python = await pythonEnvironment(packages, context);
  const file = resolve(path);
  return startPythonRuntime(
    { file, layersFile: file, layers, outputs: [] },
    { ...options, python, signal: context.signal, script: RUN_FLOAT },
  );
}

function oracleOf(runtime: Runtime, outputs: readonly string[]): FloatOracle {
  return {
    name: runtime.name,
    async run(pixels) {
      const made = await runtime.run(littleEndian(pixels, 'float32'));
      return outputs.map((output) => {
        const { buffer, byteOffset, byteLength } = made.get(output)!;
        return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
      });
    },
    close: () => runtime.close(),
  };
}

/** [H, W, C] → [C, H, W] */
function channelsInFront(values: Float32Array, shape: Shape): Float32Array {
  const channels = shape.at(-1)!;
  return permuteFloats(values, [values.length / channels, channels], [1, 0]);
}

/** [C, H, W] → [H, W, C], the `shape`. */
function channelsBehind(values: Float32Array, shape: Shape): Float32Array {
  const channels = shape.at(-1)!;
  return permuteFloats(values, [channels, values.length / channels], [1, 0]);
}
