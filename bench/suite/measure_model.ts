/** What a model of the suite is, and what another program makes of one fixed image. */
import { basename } from 'node:path';
import { shapeIn } from '../../architectures/graph/float_graph.ts';
import { networkMacs } from '../../architectures/graph/float_macs.ts';
import { elements } from '../../architectures/graph/shape.ts';
import { type FloatModel, loadFloatModelAt } from '../../checkpoints/float_model.ts';
import { floatModelPlace } from '../../checkpoints/float_model_place.ts';
import { UserError } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { integerPart } from '../../quantize/convert/integer_part.ts';
import { kindsOf } from '../../quantize/convert/left_out.ts';
import { asInputs, noise } from '../../workflows/verify/float_images.ts';
import { openFloatOracle } from '../../workflows/verify/float_oracle.ts';
import type { SuiteModel, SuiteOutput } from './read_suite.ts';

const SEED = 1;
const SAMPLES = 8;

/** The fixed image of a model: [H, W, C] as its file takes it, and as its graph does. */
export function fixedImage(model: Pick<FloatModel, 'input' | 'done'>): {
  readonly pixels: Float32Array;
  readonly ours: Float32Array;
} {
  const { height, width, channels } = model.input;
  const [light] = noise(elements([height, width, channels]), 1, SEED);
  return asInputs(light, model);
}

/** What is kept of an output. */
export function statisticsOf(
  name: string,
  shape: readonly number[],
  values: Float32Array,
): SuiteOutput {
  const short = (value: number) => Number(value.toPrecision(7));
  let [min, max, sum] = [Infinity, -Infinity, 0];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  const samples = Array.from({ length: Math.min(SAMPLES, values.length) }, (_, sample) =>
    short(values[Math.floor((sample * values.length) / SAMPLES) % values.length]),
  );
  const mean = short(sum / values.length);
  return { name, shape: [...shape], min: short(min), max: short(max), mean, samples };
}

/** A message without the folder that its file is in. */
export function refusalOf(error: UserError, path: string): string {
  return error.message.replaceAll(path, basename(path)).split(';')[0];
}

/** What the suite says of the model at `path`, computed anew. */
export async function measureModel(
  path: string,
  context: Context,
): Promise<Pick<SuiteModel, 'opens' | 'refused'>> {
  const place = (await floatModelPlace(path))!;
  let loaded: FloatModel;
  try {
    loaded = await loadFloatModelAt(place);
  } catch (error) {
    if (error instanceof UserError) return { refused: refusalOf(error, path) };
    throw error;
  }
  const { network } = loaded;
  const oracle = await openFloatOracle(place, loaded, context);
  try {
    const { graph, unread } = network;
    const values = await oracle.run(fixedImage(loaded).pixels);
    const { graph: integers } = integerPart(graph);
    const opens = {
      oracle: oracle.name,
      input: [...graph.input.shape],
      operations: graph.nodes.length,
      unread: kindsOf(unread.map(({ name, op }) => ({ name, op }))),
      macs: networkMacs(graph),
      integerMacs: networkMacs(integers),
      outputs: graph.outputs.map((name, at) =>
        statisticsOf(name, shapeIn(graph, name), values[at]),
      ),
    };
    return { opens };
  } finally {
    await oracle.close();
    network.dispose();
  }
}
