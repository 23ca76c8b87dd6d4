/** Other programs that run float networks from their files: what our float graphs are held against. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { FloatModel } from '../../checkpoints/float_model.ts';
import type { FloatModelPlace } from '../../checkpoints/float_model_place.ts';
import { readWeightData, weightsManifestSchema } from '../../checkpoints/tfjs/weights_manifest.ts';
import { UserError } from '../../foundation/errors.ts';
import { littleEndian } from '../../foundation/little_endian.ts';
import { pythonEnvironment, RUNTIMES } from '../../foundation/python/python_environment.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { RUN_FLOAT, startPythonRuntime } from './python_runtime.ts';

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
 * `@tensorflow/tfjs-converter`; LiteRT of a TensorFlow Lite file.
 * @throws UserError where nothing does
 */
export async function openFloatOracle(
  place: FloatModelPlace,
  loaded: FloatModel,
  context: Context,
): Promise<FloatOracle> {
  const { height, width, channels } = loaded.input;
  const shape = [1, height, width, channels] as const;
  if (loaded.format === 'tfjs LayersModel') return layersOracle(loaded, shape);
  if (loaded.format === 'tfjs GraphModel') return graphOracle(place, loaded, shape);
  if (loaded.format === 'TensorFlow Lite') return liteOracle(place, loaded, context);
  throw new UserError(
    `Expected a model that another program runs here but ${place.path} is a ${loaded.format}`,
    { remedy: 'Pass a tfjs model or a float .tflite file.' },
  );
}

type BatchShape = readonly [1, number, number, number];

function layersOracle({ network }: FloatModel, shape: BatchShape): FloatOracle {
  const { layersModel } = network;
  return {
    name: `TensorFlow.js ${tf.version['tfjs-layers']} (layers)`,
    run: async (pixels) =>
      tf.tidy(() => {
        const made = layersModel.predict(tf.tensor4d(pixels, [...shape])) as tf.Tensor;
        return [made].flat().map((each) => Float32Array.from(each.dataSync()));
      }),
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
  { path }: FloatModelPlace,
  { origin }: FloatModel,
  context: Context,
): Promise<FloatOracle> {
  const python = await pythonEnvironment(RUNTIMES, context);
  const tensors = [...origin!.outputs.values()];
  const runtime = await startPythonRuntime(
    { file: path, layersFile: path, layers: [origin!.input, ...tensors], outputs: [] },
    { python, kind: 'litert', signal: context.signal, script: RUN_FLOAT },
  );
  return {
    name: runtime.name,
    async run(pixels) {
      const made = await runtime.run(littleEndian(pixels, 'float32'));
      return tensors.map((tensor) => {
        const { buffer, byteOffset, byteLength } = made.get(tensor)!;
        return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
      });
    },
    close: () => runtime.close(),
  };
}
