import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import type { Tf8Plan } from '../../quantize/execute/plan.ts';
import { outputNames } from '../../quantize/model/tf8_model.ts';

/** An output of a network. */
export interface MeasuredOutput {
  readonly name: string;
  /** Whether it is a vector, of which the greatest value is the first class. */
  readonly hasClasses: boolean;
}

/** The outputs of a network, and which of them the labels are about. */
export interface MeasuredOutputs {
  readonly all: readonly MeasuredOutput[];
  /** Its place in `all`; undefined where none has classes. */
  readonly main: number | undefined;
}

/** @param classes how many numbers the output has that the labels are about, where there are several vectors */
export function measuredOutputs(graph: FloatGraph, classes: number): MeasuredOutputs {
  const lengths = graph.outputs.map((name) => {
    const [height, width, length] = shapeIn(graph, name);
    return height === 1 && width === 1 && length > 1 ? length : undefined;
  });
  const all = graph.outputs.map((name, at) => ({ name, hasClasses: lengths[at] !== undefined }));
  const exact = lengths.indexOf(classes);
  const main = exact >= 0 ? exact : all.findIndex(({ hasClasses }) => hasClasses);
  return { all, main: main < 0 ? undefined : main };
}

/** What a quantized network makes of images: its outputs [N, …], in the order of the float network's. */
export function outputsOf(plan: Tf8Plan, images: Float32Array): readonly Float32Array[] {
  const run = plan.run(images);
  return outputNames(plan.model).map((name) => plan.dequantize(name, run));
}
