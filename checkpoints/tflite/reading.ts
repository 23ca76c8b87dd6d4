/** What reading an operator of a `.tflite` file takes, of any kind. */
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import type { Activation } from '../../architectures/graph/operations/activation_function.ts';
import type { FlatSchema } from '../../foundation/flatbuffers/flat_buffer.ts';
import * as schema from '../../foundation/flatbuffers/tflite_schema.ts';
import { FUSED } from './activations.ts';
import type { TfliteConstant } from './constants.ts';
import type { GraphDraft, Made } from './graph_draft.ts';
import type { TfliteOperator, TfliteTensor } from './tflite_file.ts';

/** Adds an operator's nodes to a graph. */
export type ReadOperator = (operator: TfliteOperator, draft: GraphDraft) => void;

/** The operator's input that is computed. */
export function inputOf(operator: TfliteOperator, draft: GraphDraft, at = 0): Made {
  const made = draft.find(operator.inputs[at]);
  if (made !== undefined) return made;
  throw draft.unsupported(operator, `${operator.name} of what the images do not come into`);
}

export function constantOf(
  operator: TfliteOperator,
  draft: GraphDraft,
  at: number,
  what: string,
): TfliteConstant {
  const constant = draft.constant(operator.inputs[at]);
  if (constant !== undefined) return constant;
  throw draft.unsupported(
    operator,
    `${what} that ${at < operator.inputs.length ? 'are computed' : 'are missing'}`,
  );
}

/** What every node of an operator has. */
export function baseOf(operator: TfliteOperator, draft: GraphDraft, inputs: readonly Made[]) {
  return {
    name: draft.nameOf(operator.outputs[0]),
    inputs: inputs.map(({ name }) => name),
    className: operator.name,
  };
}

/** Adds a node and, where it brings one along that it cannot hold, its activation. */
export function addWith(
  operator: TfliteOperator,
  draft: GraphDraft,
  node: FloatNode,
  activation: Activation,
): void {
  const [output] = operator.outputs;
  if (activation === 'linear') {
    draft.add(output, node);
    return;
  }
  const { name, className } = node;
  const inner = { ...node, name: `${name}/${node.op}` };
  draft.add(output, inner, {
    op: 'activation',
    name,
    inputs: [inner.name],
    ...(className !== undefined && { className }),
    activation,
  });
}

export function addFunction(
  operator: TfliteOperator,
  draft: GraphDraft,
  activation: Activation,
): void {
  const base = baseOf(operator, draft, [inputOf(operator, draft)]);
  draft.add(operator.outputs[0], { ...base, op: 'activation', activation });
}

export function fused(
  operator: TfliteOperator,
  draft: GraphDraft,
  options: FlatSchema & { readonly activation: readonly [number, 'int8'] },
): Activation {
  const code = operator.options(options, 'activation');
  const activation = FUSED[code];
  if (activation === undefined)
    throw draft.unsupported(operator, `its activation (number ${code})`);
  return activation;
}

/** As far above 6, in steps of its scale, as a range may end that stands for [0, 6]. */
const STEPS_FROM_6 = 1.5;

/**
 * The activation of a layer, which a converter may have left to the output's range: a range from 0 on is
 * a ReLU, one from 0 to 6 a ReLU6.
 */
export function withRange(
  activation: Activation,
  { quantization, type }: TfliteTensor,
): Activation {
  const isByte = type === schema.TENSOR_TYPE.uint8 || type === schema.TENSOR_TYPE.int8;
  if (activation !== 'linear' || quantization === undefined || !isByte) return activation;
  const {
    scale: [scale],
    zeroPoint: [zeroPoint],
  } = quantization;
  const low = type === schema.TENSOR_TYPE.int8 ? -128 : 0;
  if (zeroPoint !== low) return activation;
  return Math.abs(255 * scale - 6) <= STEPS_FROM_6 * scale ? 'relu6' : 'relu';
}

export function positive(
  operator: TfliteOperator,
  draft: GraphDraft,
  options: FlatSchema,
  name: string,
  otherwise?: number,
): number {
  const value = operator.options(options, name) || otherwise || 0;
  if (value > 0) return value;
  throw draft.unsupported(operator, `a ${name} of ${value}`);
}
