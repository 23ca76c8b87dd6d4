import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import { elements } from '../../architectures/graph/shape.ts';
import type { Tf8Plan } from '../../quantize/execute/plan.ts';
import { outputNames } from '../../quantize/model/tf8_model.ts';

/** An output of a network. */
export interface MeasuredOutput {
  readonly name: string;
  /** Whether it is a vector, of which the greatest value is the first class. */
  readonly hasClasses: boolean;
}

/** The outputs of a network. */
export interface MeasuredOutputs {
  readonly all: readonly MeasuredOutput[];
  /** The place in `all` of the one that stands for all in agreement with float; undefined where none has classes. */
  readonly main: number | undefined;
  /** Whether labels are about it. */
  readonly hasLabels: boolean;
}

/** @param classes how many numbers the output has that labels are about; without one, the first vector is the main output */
export function measuredOutputs(graph: FloatGraph, classes: number): MeasuredOutputs {
  const lengths = graph.outputs.map((name) => {
    const shape = shapeIn(graph, name);
    const length = elements(shape);
    return length > 1 && length === shape.at(-1) ? length : undefined;
  });
  const all = graph.outputs.map((name, at) => ({ name, hasClasses: lengths[at] !== undefined }));
  const exact = lengths.indexOf(classes);
  const main = exact >= 0 ? exact : all.findIndex(({ hasClasses }) => hasClasses);
  return { all, main: main < 0 ? undefined : main, hasLabels: exact >= 0 };
}

/** What a quantized network makes of images: its outputs [N, …], in the order of the float network's. */
export function outputsOf(plan: Tf8Plan, images: Float32Array): readonly Float32Array[] {
  const run = plan.run(images);
  return outputNames(plan.model).map((name) => plan.dequantize(name, run));
}
