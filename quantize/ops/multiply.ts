import { activationBounds, multiplierFor } from '../params/requantization.ts';
import { DEFAULT_ROUNDING, type RoundingName } from '../params/roundings.ts';
import { inNode, requireMultiplier } from './check.ts';
import {
  checkElementwise,
  computeElementwise,
  type ElementwiseCall,
  type ElementwiseNode,
  elementwiseCall,
  elementwiseHeader,
  elementwiseShape,
} from './elementwise.ts';
import type { Operation } from './operation.ts';
import { requantizer } from './requantization.ts';
import type { TensorSpec } from './tensor.ts';

export type MultiplyNode = ElementwiseNode<'multiply'>;

export interface MultiplyCall extends ElementwiseCall {
  /** f32(f32(scaleA · scaleB) / scaleOut), a single-precision number > 0; see `Requantization`. */
  readonly multiplier: number;
  /** eq. 16; eq. 5 unless given. */
  readonly rounding?: RoundingName;
}

/** The product of two tensors: eq. 5 with acc = (aq − za)(bq − zb). */
export const multiply: Operation<MultiplyNode, MultiplyCall> = {
  since: 2,
  header: elementwiseHeader('multiply'),
  arity: 'two',
  outputRange: 'observed',
  outputShape: elementwiseShape,

  checkNode({ name, output }, [a, b]) {
    inNode(name, () => multiplierOf(output, a, b));
  },

  macs: () => 0,

  call({ activation, output }, tensors) {
    const [a, b] = tensors.inputs;
    const { rounding = DEFAULT_ROUNDING } = tensors;
    const { quantization } = output;
    return {
      ...elementwiseCall(tensors),
      multiplier: multiplierOf(output, a, b, rounding),
      ...(rounding !== DEFAULT_ROUNDING && { rounding }),
      outputZeroPoint: quantization.zeroPoint,
      ...activationBounds(activation, quantization),
    };
  },
  inputsOf: ({ a, b }) => [a, b],

  checkCall(call) {
    checkElementwise(call);
    requireMultiplier('multiplier', call.multiplier, call.rounding);
  },

  compute(call) {
    const requantize = requantizer(call);
    computeElementwise(call, (a, b) => requantize(a * b));
  },
};

function multiplierOf(
  output: TensorSpec,
  a: TensorSpec,
  b: TensorSpec,
  rounding: RoundingName = DEFAULT_ROUNDING,
): number {
  const scale = output.quantization.scale;
  return multiplierFor(rounding, a.quantization.scale, b.quantization.scale, scale);
}
