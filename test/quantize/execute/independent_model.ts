import {
  type Tf8Model,
  type Tf8Node,
  tensorSpecs,
  type WeightedNode,
} from '../../../quantize/model/tf8_model.ts';
import type { RearrangeNode } from '../../../quantize/ops/rearrange.ts';
import { resizeTaps } from '../../../quantize/params/resize.ts';
import { computeIndependently } from '../kernels/independent.ts';
import type { KernelCall } from '../kernels/run_case.ts';
import {
  type Fraction,
  fractionOf,
  nearestEven,
  nearestSingle,
  requantizeExactly,
} from '../params/exact.ts';
import { arranged } from './arranged.ts';

/**
 * eq. 2 and 4 to 6 for a whole model on exact rationals: every tensor by name, of `batch`
 * images. It shares no step with `quantize/execute`, `quantize/params` or a kernel tier.
 */
export function runIndependently(
  model: Tf8Model,
  input: Uint8Array,
  batch: number,
): ReadonlyMap<string, Uint8Array> {
  const tensors = new Map([[model.input.name, input]]);
  for (const node of model.nodes) {
    if (node.op === 'rearrange') {
      const [from] = node.inputs;
      const bytes = arranged(node, tensorSpecs(model).get(from)!.shape, tensors.get(from)!, batch);
      tensors.set(node.name, Uint8Array.from(bytes));
      continue;
    }
    const call = callOf(node, model, tensors, batch);
    tensors.set(node.name, Uint8Array.from(computeIndependently(call)));
  }
  return tensors;
}

function callOf(
  node: Exclude<Tf8Node, RearrangeNode>,
  model: Tf8Model,
  tensors: ReadonlyMap<string, Uint8Array>,
  batch: number,
): KernelCall {
  const specs = tensorSpecs(model);
  const { shape, quantization } = specs.get(node.inputs[0])!;
  const input = tensors.get(node.inputs[0])!;
  const inputShape = [batch, ...shape] as const;
  const outputShape = [batch, ...node.output.shape] as const;
  const output = new Uint8Array(); // computeIndependently returns its result
  const image = { input, inputShape, output, outputShape };
  const { scale: scaleOut, zeroPoint: outputZeroPoint } = node.output.quantization;
  const { rounding } = model;
  const rule = rounding === undefined ? {} : { rounding };
  const multiplierOf = (a: number, b: number, out: number) =>
    rounding === undefined ? ratio(product(a, b), out) : (a * b) / out;
  switch (node.op) {
    case 'globalAveragePool':
      return { op: node.op, call: { input, inputShape, output } };
    case 'averagePool2d':
    case 'maxPool2d': {
      const { windowShape, strides, padding } = node;
      return { op: node.op, call: { ...image, windowShape, strides, padding, low: 0, high: 255 } };
    }
    case 'concat': {
      const axis = node.axis === undefined ? 2 : node.axis === 'width' ? 1 : 0;
      const inputs = node.inputs.map((name) => {
        const spec = specs.get(name)!;
        return {
          data: tensors.get(name)!,
          channels: size(spec.shape.slice(axis)),
          zeroPoint: spec.quantization.zeroPoint,
          multiplier: multiplierOf(spec.quantization.scale, 1, scaleOut),
        };
      });
      const positions = batch * size(shape.slice(0, axis));
      return { op: node.op, call: { inputs, positions, outputZeroPoint, output, ...rule } };
    }
    case 'prelu': {
      const { alpha } = node;
      const rows = (batch * size(shape)) / alpha.data.length;
      const scaled = ratio(product(quantization.scale, alpha.quantization.scale), scaleOut);
      return {
        op: node.op,
        call: {
          input,
          alpha: alpha.data,
          rows,
          inputZeroPoint: quantization.zeroPoint,
          alphaZeroPoint: alpha.quantization.zeroPoint,
          positive: inFixedPoint(ratio(quantization.scale, scaleOut)),
          negative: inFixedPoint(scaled),
          outputZeroPoint,
          output,
        },
      };
    }
    case 'lookup': {
      const positions = batch * shape[0] * shape[1];
      return {
        op: node.op,
        call: { input, positions, channels: shape[2], table: node.table, output },
      };
    }
    case 'requantize': {
      const multiplier = ratio(quantization.scale, scaleOut);
      const table = Uint8Array.from({ length: 256 }, (_, q) =>
        requantizeExactly(BigInt(q - quantization.zeroPoint), multiplier, outputZeroPoint, 0, 255),
      );
      const positions = batch * shape[0] * shape[1];
      return { op: node.op, call: { input, positions, channels: shape[2], table, output } };
    }
    case 'softmax': {
      const powers = Float32Array.from(node.powers);
      const positions = batch * shape[0] * shape[1];
      return { op: node.op, call: { input, positions, channels: shape[2], powers, output } };
    }
    case 'resize': {
      const { method, corners } = node;
      const [height, width] = node.output.shape;
      const rows = resizeTaps(method, corners, shape[0], height);
      const columns = resizeTaps(method, corners, shape[1], width);
      return { op: node.op, call: { input, inputShape, rows, columns, output } };
    }
    case 'maximum':
    case 'minimum': {
      const isWhole = specs.get(node.inputs[1])!.shape.join() === shape.join();
      const b = tensors.get(node.inputs[1])!;
      const rows = batch * shape[0] * shape[1];
      const share = isWhole ? 1 : shape[0] * shape[1];
      return { op: node.op, call: { a: input, b, rows, columns: shape[2], share, output } };
    }
    case 'add':
    case 'subtract':
    case 'multiply': {
      const second = specs.get(node.inputs[1])!;
      const isWhole = second.shape.join() === shape.join();
      const numbers = {
        a: input,
        b: tensors.get(node.inputs[1])!,
        rows: batch * shape[0] * shape[1],
        columns: shape[2],
        share: isWhole ? 1 : shape[0] * shape[1],
        aZeroPoint: quantization.zeroPoint,
        bZeroPoint: second.quantization.zeroPoint,
        outputZeroPoint,
        low: node.activation === 'linear' ? 0 : outputZeroPoint,
        high: node.activation === 'relu6' ? byteOfSix(scaleOut, outputZeroPoint) : 255,
        output,
      };
      const [scaleA, scaleB] = [quantization.scale, second.quantization.scale];
      if (node.op === 'multiply') {
        const multiplier = multiplierOf(scaleA, scaleB, scaleOut);
        return { op: node.op, call: { ...numbers, multiplier, ...rule } };
      }
      return { op: node.op, call: { ...numbers, ...integers(node.op, scaleA, scaleB, scaleOut) } };
    }
    default: {
      const { weights, bias, strides, padding, activation } = node;
      const arithmetic = {
        ...rule,
        inputZeroPoint: quantization.zeroPoint,
        filter: weights.data,
        filterZeroPoint: weights.quantization.zeroPoint,
        bias,
        multiplier: Array.from(bias, (_, m) =>
          multiplierOf(quantization.scale, scaleOf(weights.quantization, m), scaleOut),
        ),
        outputZeroPoint,
        low: activation === 'linear' ? 0 : outputZeroPoint,
        high: activation === 'relu6' ? byteOfSix(scaleOut, outputZeroPoint) : 255,
      };
      if (node.op !== 'fullyConnected') {
        const filterShape = weights.shape;
        if (node.op === 'transposedConv2d') {
          const placed = { filterShape, strides, padding };
          return { op: node.op, call: { ...image, ...arithmetic, ...placed } };
        }
        const { dilations = [1, 1] } = node;
        const placed = { filterShape, strides, padding, dilations };
        return { op: node.op, call: { ...image, ...arithmetic, ...placed } };
      }
      const [, , inputDepth, outputDepth] = weights.shape;
      return {
        op: node.op,
        call: { input, output, ...arithmetic, batch, inputDepth, outputDepth },
      };
    }
  }
}

const scaleOf = (quantization: WeightedNode['weights']['quantization'], m: number) =>
  'scale' in quantization ? quantization.scale : quantization.scales[m];

/** mantissa · 2^(shift − 31) */
function inFixedPoint(value: number) {
  const { numerator, denominator } = fractionOf(value);
  const scaled = (shift: number) =>
    shift < 31 ? numerator << BigInt(31 - shift) : numerator >> BigInt(shift - 31);
  let shift = -31;
  while (scaled(shift) >= denominator << 31n) shift++;
  return { mantissa: Number(scaled(shift) / denominator), shift };
}

const size = (sides: readonly number[]) => sides.reduce((product, side) => product * side, 1);

/** eq. 9: the larger ratio of scales times 2^shift lies in [2²⁰, 2²¹). */
function integers(op: 'add' | 'subtract', scaleA: number, scaleB: number, scaleOut: number) {
  const [a, b] = [fractionOf(ratio(scaleA, scaleOut)), fractionOf(ratio(scaleB, scaleOut))];
  const times = ({ numerator, denominator }: Fraction, shift: number) =>
    ({ numerator: numerator << BigInt(shift), denominator }) satisfies Fraction;
  const reaches = (fraction: Fraction, least: bigint) =>
    fraction.numerator >= least * fraction.denominator;
  let shift = 0;
  while (![a, b].some((each) => reaches(times(each, shift), 1n << 20n))) shift++;
  return {
    aMultiplier: Number(nearestEven(times(a, shift))),
    bMultiplier: (op === 'add' ? 1 : -1) * Number(nearestEven(times(b, shift))),
    shift,
  };
}

/** f32(a · b) */
function product(a: number, b: number): number {
  const [x, y] = [fractionOf(a), fractionOf(b)];
  return nearestSingle({
    numerator: x.numerator * y.numerator,
    denominator: x.denominator * y.denominator,
  });
}

/** f32(a / b), b > 0 */
function ratio(a: number, b: number): number {
  const [x, y] = [fractionOf(a), fractionOf(b)];
  return nearestSingle({
    numerator: x.numerator * y.denominator,
    denominator: x.denominator * y.numerator,
  });
}

/** The byte of 6.0 at the output's parameters. */
function byteOfSix(scale: number, zeroPoint: number): number {
  const { numerator, denominator } = fractionOf(scale);
  const steps = nearestEven({ numerator: 6n * denominator, denominator: numerator });
  return Number(steps) + zeroPoint > 255 ? 255 : Number(steps) + zeroPoint;
}
