import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { shapeIn } from '../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import { elements } from '../../architectures/graph/shape.ts';
import { type FloatModel, loadFloatModelAt } from '../../checkpoints/float_model.ts';
import type { ChannelAffine, PixelRange } from '../../checkpoints/input_affine.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { selectBackend } from '../../training/backend.ts';
import { requireOurImages } from '../open/import_model.ts';
import { SYMMETRIC } from '../open/model_facts.ts';
import { floatPlace } from '../open/model_place.ts';
import { openImages } from '../open/open_data.ts';
import { pullImageNet } from '../open/open_float.ts';
import { openFloatOracle } from './float_oracle.ts';

/** Of an output's range: as far apart as sums in another order come. */
const TOLERANCE = 1e-4;

export interface VerifyFloatOptions {
  /** A tfjs model, or a float TensorFlow Lite file. */
  readonly model: string;
  readonly dataset?: string | undefined;
  /** Images of noise unless given. */
  readonly data?: string | undefined;
  readonly limit: number;
  readonly seed: number;
}

/** How far an output is from the other program's. */
export interface FloatOutputDifference {
  readonly name: string;
  /** Of one image. */
  readonly shape: readonly number[];
  /** From the least to the greatest value of the other program, over all images. */
  readonly range: number;
  readonly maxDifference: number;
  /** maxDifference / range. */
  readonly relativeDifference: number;
}

export interface VerifyFloatResult {
  readonly model: string;
  /** Name and version of the other program. */
  readonly runtime: string;
  readonly images: number;
  /** The data set's name; "noise" without one. */
  readonly dataset: string;
  readonly outputs: readonly FloatOutputDifference[];
  /** The most that `relativeDifference` may be. */
  readonly tolerance: number;
  readonly isEqual: boolean;
}

/**
 * Runs a model's file in another program and our float graph of it on the same images, and compares the
 * outputs.
 * @throws UserError where no other program runs it; as `loadFloatModel` does
 */
export async function verifyFloat(
  options: VerifyFloatOptions,
  context: Context,
): Promise<VerifyFloatResult> {
  const { model, limit } = options;
  await selectBackend();
  const found = await floatPlace(model);
  const place =
    found.kind === 'float'
      ? found.place
      : ({ kind: 'tfjs', path: (await pullImageNet(model, context)).dir } as const);
  const loaded = await loadFloatModelAt(place);
  const { network, input } = loaded;
  try {
    const { graph } = network;
    const oracle = await openFloatOracle(place, loaded, context);
    const runner = new FloatRunner(graph);
    const meters = graph.outputs.map(() => new DifferenceMeter());
    const images = await imagesFor(loaded, options, context);
    const shape = [1, input.height, input.width, input.channels];
    let count = 0;
    try {
      for await (const light of images.each()) {
        context.signal.throwIfAborted();
        if (count === limit) break;
        const { pixels, ours } = asInputs(light, loaded);
        const theirs = await oracle.run(pixels);
        for (const [at, values] of runner.outputs(ours, shape).entries()) {
          meters[at].add(values, theirs[at]);
        }
        count++;
      }
    } finally {
      runner.dispose();
      await oracle.close();
    }
    const outputs = graph.outputs.map((name, at) => ({
      name,
      shape: shapeIn(graph, name),
      ...meters[at].result(),
    }));
    const isEqual = outputs.every(({ relativeDifference }) => relativeDifference <= TOLERANCE);
    const { name: runtime } = oracle;
    return {
      model,
      runtime,
      images: count,
      dataset: images.name,
      outputs,
      tolerance: TOLERANCE,
      isEqual,
    };
  } finally {
    network.dispose();
  }
}

/** The same image as the file takes it and as our graph does. */
function asInputs(
  light: Float32Array,
  { input, origin }: Pick<FloatModel, 'input' | 'origin'>,
): { readonly pixels: Float32Array; readonly ours: Float32Array } {
  const { min, max }: PixelRange = input.range ?? SYMMETRIC;
  const done = origin?.done;
  if (done === undefined) {
    const values = light.map((value) => min + value * (max - min));
    return { pixels: values, ours: values };
  }
  const at = ({ scale, offset }: ChannelAffine, index: number) => {
    const channel = index % input.channels;
    return {
      scale: scale[scale.length === 1 ? 0 : channel],
      offset: offset[offset.length === 1 ? 0 : channel],
    };
  };
  const first = at(done, 0);
  const top = Math.abs((max - first.offset) / first.scale) > 2 ? 255 : 1;
  // Files that take pixels may take whole numbers alone.
  const pixels = light.map((value) => (top === 1 ? value : Math.round(255 * value)));
  const ours = pixels.map((value, index) => {
    const { scale, offset } = at(done, index);
    return value * scale + offset;
  });
  return { pixels, ours };
}

/** Images [H, W, C] in [0, 1], one by one. */
async function imagesFor(
  loaded: FloatModel,
  { model, dataset: name, data, limit, seed }: VerifyFloatOptions,
  context: Context,
): Promise<{ readonly name: string; each(): AsyncGenerator<Float32Array> }> {
  const { height, width, channels } = loaded.input;
  const size = elements([height, width, channels]);
  if (name === undefined && data === undefined) {
    return { name: 'noise', each: () => noise(size, limit, seed) };
  }
  requireOurImages(loaded, model);
  const dataset = await openImages(
    undefined,
    { dataset: name, dir: data, option: 'data' },
    context,
  );
  return {
    name: dataset.name,
    async *each() {
      const options = { split: 'test', batchSize: 1, limit, seed, resolution: height } as const;
      for await (const { images } of dataset.batches(options)) {
        yield images.map((value) => (value + 1) / 2);
      }
    },
  };
}

/** Each image of a brightness and contrast of its own. */
async function* noise(size: number, limit: number, seed: number): AsyncGenerator<Float32Array> {
  const random = xoroshiro128plus(seed);
  const next = () => (random.next() >>> 0) / 2 ** 32;
  for (let image = 0; image < limit; image++) {
    const [middle, contrast] = [next(), next()];
    yield Float32Array.from({ length: size }, () =>
      Math.min(Math.max(middle + contrast * (next() - 0.5), 0), 1),
    );
  }
}

class DifferenceMeter {
  private min = Infinity;
  private max = -Infinity;
  private difference = 0;

  add(ours: Float32Array, theirs: Float32Array): void {
    if (ours.length !== theirs.length) this.difference = Infinity;
    theirs.forEach((value, index) => {
      this.min = Math.min(this.min, value);
      this.max = Math.max(this.max, value);
      const difference = Math.abs(value - ours[index]);
      if (difference > this.difference) this.difference = difference;
      else if (Number.isNaN(difference)) this.difference = Infinity;
    });
  }

  result(): Pick<FloatOutputDifference, 'range' | 'maxDifference' | 'relativeDifference'> {
    const range = this.max - this.min;
    const { difference: maxDifference } = this;
    const relativeDifference = maxDifference === 0 ? 0 : maxDifference / range;
    return { range, maxDifference, relativeDifference };
  }
}
