import { QuantizationError } from '../params/errors.ts';
import { requireZeroPoint } from '../params/quantization.ts';
import { elements } from '../params/shape.ts';
import { requireDisjoint, requireLength, requirePositive, requireRequantization } from './check.ts';
import type { Operation } from './operation.ts';
import { requantizeArray } from './requantization.ts';
import type { NodeBase } from './tensor.ts';
import {
  checkWeights,
  type WeightedCall,
  type WeightedFields,
  weightedCall,
  weightedHeader,
  weightedSince,
} from './weights.ts';

/** Takes an image [H, W, C] as a row of K = H · W · C. */
export interface FullyConnectedNode extends NodeBase<'fullyConnected'>, WeightedFields {}

export interface FullyConnectedCall extends WeightedCall {
  /** [N, K] uint8 */
  readonly input: Uint8Array;
  readonly batch: number;
  /** K; filter: [K, M] */
  readonly inputDepth: number;
  /** [N, M] uint8 */
  readonly output: Uint8Array;
  readonly outputDepth: number;
}

/** Each row times the filter (eq. 4), requantized (eq. 5). */
export const fullyConnected: Operation<FullyConnectedNode, FullyConnectedCall> = {
  since: 1,
  sinceOf: weightedSince,
  header: weightedHeader('fullyConnected'),
  arity: 'one',
  outputRange: 'observed',

  outputShape: ({ weights }) => [1, 1, weights.shape[3]],

  checkNode(node, [input]) {
    const { shape } = node.weights;
    const depth = elements(input.shape);
    if (shape[0] !== 1 || shape[1] !== 1) {
      throw new QuantizationError(
        `Expected weights [1, 1, ${depth}, ${shape[3]}] in ${node.name} but received [${shape}]`,
      );
    }
    checkWeights(node, input, depth, depth);
  },

  macs: ({ weights }) => elements(weights.shape),

  call(node, { batch, inputs: [input], output, rounding }) {
    const [, , inputDepth, outputDepth] = node.weights.shape;
    return {
      input: input.data,
      output,
      batch,
      inputDepth,
      outputDepth,
      ...weightedCall(node, input, rounding),
    };
  },
  inputsOf: ({ input }) => [input],

  checkCall(call) {
    requirePositive('batch', call.batch);
    requirePositive('inputDepth', call.inputDepth);
    requirePositive('outputDepth', call.outputDepth);
    requireLength('input', call.input, call.batch * call.inputDepth);
    requireLength('filter', call.filter, call.inputDepth * call.outputDepth);
    requireLength('bias', call.bias, call.outputDepth);
    requireLength('output', call.output, call.batch * call.outputDepth);
    requireZeroPoint('inputZeroPoint', call.inputZeroPoint);
    requireZeroPoint('filterZeroPoint', call.filterZeroPoint);
    requireRequantization(call, call.outputDepth);
    requireDisjoint('input', call.input, call.output);
  },

  compute(call) {
    const { input, batch, inputDepth, inputZeroPoint, filter, filterZeroPoint, outputDepth } = call;
    const accumulators = new Int32Array(outputDepth);
    for (let n = 0; n < batch; n++) {
      // eq. 4: acc[m] = bias[m] + Σₖ (xq − zx)(wq − wz)
      accumulators.set(call.bias);
      for (let k = 0; k < inputDepth; k++) {
        const difference = input[n * inputDepth + k] - inputZeroPoint;
        for (let m = 0; m < outputDepth; m++) {
          accumulators[m] += difference * (filter[k * outputDepth + m] - filterZeroPoint);
        }
      }
      requantizeArray(accumulators, call, call.output, n * outputDepth);
    }
  },
};
