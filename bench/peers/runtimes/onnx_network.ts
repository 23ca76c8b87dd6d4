import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { type Load, type LoadedNetwork, realImages } from './network_loader.ts';

/** What we use of the packages, which have one interface. */
interface OnnxRuntime {
  readonly env: {
    readonly wasm: { numThreads?: number };
    readonly versions: { readonly common: string };
  };
  readonly Tensor: new (
    type: 'float32' | 'uint8',
    data: Float32Array | Uint8Array,
    shape: readonly number[],
  ) => Tensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<Session>;
  };
}

interface Tensor {
  readonly data: Float32Array | Uint8Array;
}

interface Session {
  readonly inputMetadata: readonly { readonly name: string; readonly type: string }[];
  readonly outputNames: readonly string[];
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

/** The build on WebAssembly alone, and the one on the processor. */
const BUILDS = {
  'onnxruntime-web': { entry: 'onnxruntime-web/wasm', provider: 'wasm' },
  'onnxruntime-node': { entry: 'onnxruntime-node', provider: 'cpu' },
} as const;

/**
 * A model of ONNX Runtime for Node or for the web.
 * @param packages a file from whose place the packages resolve
 */
export async function loadOnnx(
  packages: string,
  { runtime, model, threads, batch, images }: Load,
): Promise<LoadedNetwork> {
  const { entry, provider } = BUILDS[runtime as keyof typeof BUILDS];
  const path = createRequire(packages).resolve(entry);
  const loaded = await import(pathToFileURL(path).href);
  const ort: OnnxRuntime = loaded.default ?? loaded;
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(await readFile(model), {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const { name, type } = session.inputMetadata[0];
  const isQuantized = type === 'uint8';
  const pixels = isQuantized
    ? new Uint8Array(await readFile(images.path))
    : await realImages(images);
  const input = channelsFirst(pixels, images.shape);
  const [, height, width, channels] = images.shape;
  const size = height * width * channels;
  return {
    version: ort.env.versions.common,
    async run(first) {
      const data = input.subarray(first * size, (first + batch) * size);
      const shape = [batch, channels, height, width];
      const tensor = new ort.Tensor(isQuantized ? 'uint8' : 'float32', data, shape);
      const results = await session.run({ [name]: tensor });
      return results[session.outputNames[0]].data;
    },
  };
}

/** [N, H, W, C] as [N, C, H, W] */
function channelsFirst<Pixels extends Float32Array | Uint8Array>(
  pixels: Pixels,
  [count, height, width, channels]: readonly [number, number, number, number],
): Pixels {
  const positions = height * width;
  const result = pixels.slice() as Pixels;
  for (let n = 0; n < count; n++) {
    for (let position = 0; position < positions; position++) {
      for (let channel = 0; channel < channels; channel++) {
        result[(n * channels + channel) * positions + position] =
          pixels[(n * positions + position) * channels + channel];
      }
    }
  }
  return result;
}
