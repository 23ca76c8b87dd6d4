import { isWeighted, type Tf8Node } from '../../quantize/model/tf8_model.ts';
import type { QuantizationParams } from '../../quantize/params/quantization.ts';
import type { ByteTensor, Made } from './quantized_nodes.ts';

/** A node with the parameters, weights and tables that a pass used. */
export function storedNode(node: Tf8Node, { output, weights, slopes, table }: Made): Tf8Node {
  const quantization = numbersOf(output);
  const own = { ...node, output: { ...node.output, quantization } };
  if (isWeighted(own) && weights !== undefined) {
    return {
      ...own,
      weights: { ...own.weights, ...bytesOf(weights) },
      bias: Int32Array.from(weights.bias.dataSync()),
    };
  }
  if (own.op === 'lookup') return { ...own, table: Uint8Array.from(table!.dataSync()) };
  if (own.op === 'prelu') return { ...own, alpha: { ...own.alpha, ...bytesOf(slopes!) } };
  if (own.op === 'softmax') return { ...own, powers: [...table!.dataSync()] };
  return own;
}

function bytesOf(tensor: ByteTensor) {
  const quantization = numbersOf(tensor);
  const data = Uint8Array.from(
    tensor.offsets.dataSync(),
    (offset) => offset + quantization.zeroPoint,
  );
  return { data, quantization };
}

function numbersOf({ parameters }: Pick<ByteTensor, 'parameters'>): QuantizationParams {
  const [scale, zeroPoint] = [parameters.scale, parameters.zeroPoint].map((x) => x.dataSync()[0]);
  return { scale, zeroPoint: zeroPoint + 0 };
}
