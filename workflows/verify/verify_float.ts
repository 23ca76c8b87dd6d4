import { shapeIn } from '../../architectures/graph/float_graph.ts';
import { FloatRunner } from '../../architectures/graph/float_runner.ts';
import { elements } from '../../architectures/graph/shape.ts';
import { type FloatModel, loadFloatModelAt } from '../../checkpoints/float_model.ts';
import type { FloatModelPlace } from '../../checkpoints/float_model_place.ts';
import { withModelFiles } from '../../checkpoints/zipped_model.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { selectBackend } from '../../training/backend.ts';
import { requireOurImages } from '../open/import_model.ts';
import { asInput } from '../open/model_input.ts';
import { floatPlace } from '../open/model_place.ts';
import { openImages } from '../open/open_data.ts';
import { pullImageNet } from '../open/open_float.ts';
import { DifferenceMeter, TOLERANCE } from './difference_meter.ts';
import { asInputs, noise } from './float_images.ts';
import { openFloatOracle } from './float_oracle.ts';

export interface VerifyFloatOptions {
  /** A tfjs model, a float TensorFlow Lite or ONNX file, or a network that Keras saved. */
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
  /** The most that `relativeDifference` may be, except for differences that single precision leaves open. */
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
  const { model } = options;
  await selectBackend();
  const found = await floatPlace(model);
  const place =
    found.kind === 'float'
      ? found.place
      : ({ kind: 'tfjs', path: (await pullImageNet(model, context)).dir } as const);
  return withModelFiles(place, (files) => verifyFiles(files, options, context));
}

async function verifyFiles(
  place: FloatModelPlace,
  options: VerifyFloatOptions,
  context: Context,
): Promise<VerifyFloatResult> {
  const { model, limit } = options;
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
    const isEqual = meters.every((meter) => meter.isEqual());
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

/** Images [H, W, C] in [0, 1], one by one. */
async function imagesFor(
  loaded: FloatModel,
  { model, dataset: name, data, limit, seed }: VerifyFloatOptions,
  context: Context,
): Promise<{
  readonly name: string;
  each(): Iterable<Float32Array> | AsyncIterable<Float32Array>;
}> {
  const { height, width, channels } = loaded.input;
  const size = elements([height, width, channels]);
  if (name === undefined && data === undefined) {
    return { name: 'noise', each: () => noise(size, limit, seed) };
  }
  requireOurImages(loaded, undefined, model);
  const dataset = await openImages(
    undefined,
    { dataset: name, dir: data, option: 'data' },
    context,
  );
  return {
    name: dataset.name,
    async *each() {
      const size = { resolution: height, width, alpha: channels === 4 } as const;
      const options = { split: 'test', batchSize: 1, limit, seed, ...size } as const;
      const input = { shape: [height, width, channels], range: { min: 0, max: 1 } };
      for await (const { images } of dataset.batches(options)) yield asInput(images, input);
    },
  };
}
