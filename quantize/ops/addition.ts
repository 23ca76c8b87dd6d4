import { addition as additionOf } from '../params/addition.ts';
import { expected } from '../params/errors.ts';
import { activationBounds } from '../params/requantization.ts';
import { clamp } from '../params/rounding.ts';
import { inNode } from './check.ts';
import {
  checkElementwise,
  computeElementwise,
  type ElementwiseCall,
  type ElementwiseNode,
  elementwiseCall,
  elementwiseHeader,
  elementwiseShape,
} from './elementwise.ts';
import type { NodeSchema, Operation } from './operation.ts';
import type { TensorSpec } from './tensor.ts';

export type AdditionNode<Op extends string> = ElementwiseNode<Op>;

export interface AdditionCall extends ElementwiseCall {
  /** Integer in [0, 2²¹]. */
  readonly aMultiplier: number;
  /** Integer in [−2²¹, 2²¹]. */
  readonly bMultiplier: number;
  /** Integer in [13, 30]. */
  readonly shift: number;
}

const LARGEST_MULTIPLIER = 2 ** 21;

/** A sum, or with `sign` −1 a difference (eq. 9), with the bounds of an activation. */
export function addition<Op extends string>(
  op: Op,
  sign: 1 | -1,
): Operation<AdditionNode<Op>, AdditionCall> {
  const integers = (output: TensorSpec, a: TensorSpec, b: TensorSpec) =>
    additionOf(a.quantization.scale, b.quantization.scale, output.quantization.scale, sign);
  return {
    since: 2,
    header: elementwiseHeader(op) as unknown as NodeSchema<AdditionNode<Op>>,
    arity: 'two',
    outputRange: 'observed',
    outputShape: elementwiseShape,

    checkNode({ name, output }, [a, b]) {
      inNode(name, () => integers(output, a, b));
    },

    macs: () => 0,

    call({ activation, output }, tensors) {
      const [a, b] = tensors.inputs;
      return {
        ...elementwiseCall(tensors),
        ...integers(output, a, b),
        outputZeroPoint: output.quantization.zeroPoint,
        ...activationBounds(activation, output.quantization),
      };
    },
    inputsOf: ({ a, b }) => [a, b],

    checkCall(call) {
      checkElementwise(call);
      requireInteger('aMultiplier', call.aMultiplier, 0, LARGEST_MULTIPLIER);
      requireInteger('bMultiplier', call.bMultiplier, -LARGEST_MULTIPLIER, LARGEST_MULTIPLIER);
      requireInteger('shift', call.shift, 13, 30);
    },

    compute(call) {
      const { aMultiplier, bMultiplier, shift, outputZeroPoint, low, high } = call;
      computeElementwise(call, (a, b) => {
        // eq. 9: |a · A + b · B| ≤ 2 · 255 · 2²¹, so the sum with half a step fits int32
        const sum = a * aMultiplier + b * bMultiplier + 2 ** (shift - 1);
        return clamp(Math.floor(sum / 2 ** shift) + outputZeroPoint, low, high);
      });
    },
  };
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw expected(`integer in [${least}, ${most}]`, name, value);
}
