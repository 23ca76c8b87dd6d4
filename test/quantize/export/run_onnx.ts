import type { ModelProto, NodeProto } from '../../../foundation/onnx/generated/onnx_pb.ts';

/** Row-major. */
interface Tensor {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  /** Of zero points: whether they are int8, and so what is quantized with them. */
  readonly isSigned?: boolean;
}

/**
 * Runs an ONNX graph as the specification of its operators (opset 13) defines them, in double
 * precision: every tensor by name.
 */
export function runOnnx(
  model: ModelProto,
  image: Uint8Array | Float32Array,
): ReadonlyMap<string, Tensor> {
  const { input, initializer, node } = model.graph!;
  const type = input[0].type!.value;
  if (type.case !== 'tensorType') throw new Error('the input is no tensor');
  const shape = type.value.shape!.dim.map(({ value }) => Number(value.value));
  const tensors = new Map<string, Tensor>([[input[0].name, { shape, values: image }]]);
  for (const { name, dims, dataType, rawData } of initializer) {
    const { buffer } = rawData.slice();
    const types = {
      1: Float32Array,
      2: Uint8Array,
      3: Int8Array,
      6: Int32Array,
      7: BigInt64Array,
    } as const;
    const values = new types[dataType as keyof typeof types](buffer as ArrayBuffer);
    const isSigned = dataType === 3;
    tensors.set(name, { shape: dims.map(Number), values: Array.from(values, Number), isSigned });
  }
  for (const each of node) {
    const inputs = each.input.filter((name) => name !== '').map((name) => tensors.get(name)!);
    const run = OPERATORS[each.opType];
    if (run === undefined) throw new Error(`no operator ${each.opType}`);
    tensors.set(each.output[0], run(inputs, each));
  }
  return tensors;
}

type Operator = (inputs: readonly Tensor[], node: NodeProto) => Tensor;

const map = ({ shape, values }: Tensor, change: (value: number) => number): Tensor => ({
  shape,
  values: Array.from(values, change),
});
const scalar = ({ values }: Tensor) => values[0];
const limit = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

function halfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function ints({ attribute }: NodeProto, name: string): number[] {
  const found = attribute.find((each) => each.name === name)!;
  return found.ints.length > 0 ? found.ints.map(Number) : [Number(found.i)];
}

function text({ attribute }: NodeProto, name: string): string {
  return new TextDecoder().decode(attribute.find((each) => each.name === name)!.s);
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  Transpose: ([x], node) => {
    const perm = ints(node, 'perm');
    return tensorOf(
      perm.map((axis) => x.shape[axis]),
      (index) =>
        valueAt(
          x,
          x.shape.map((_, axis) => index[perm.indexOf(axis)]),
        ),
    );
  },
  Reshape: ([x, shape]) => ({ ...x, shape: Array.from(shape.values, Number) }),
  Pad: ([x, pads, zero]) => {
    const amounts = Array.from(pads.values, Number);
    const shape = x.shape.map((side, axis) => side + amounts[axis] + amounts[axis + 4]);
    return tensorOf(shape, (index) => {
      const place = index.map((i, axis) => i - amounts[axis]);
      const isInside = place.every((i, axis) => i >= 0 && i < x.shape[axis]);
      return isInside ? valueAt(x, place) : scalar(zero);
    });
  },
  Slice: ([x, ...bounds]) => {
    const [starts, ends, axes, steps] = bounds.map(({ values }) => Array.from(values, Number));
    const along = (axis: number) => axes.indexOf(axis);
    const shape = x.shape.map((side, axis) => {
      const at = along(axis);
      return at < 0 ? side : Math.ceil((ends[at] - starts[at]) / steps[at]);
    });
    return tensorOf(shape, (index) =>
      valueAt(
        x,
        index.map((i, axis) =>
          along(axis) < 0 ? i : starts[along(axis)] + i * steps[along(axis)],
        ),
      ),
    );
  },
  Tile: ([x, times]) => {
    const shape = x.shape.map((side, axis) => side * Number(times.values[axis]));
    return tensorOf(shape, (index) =>
      valueAt(
        x,
        index.map((i, axis) => i % x.shape[axis]),
      ),
    );
  },
  DequantizeLinear: ([x, scale, zero], node) => {
    const isPerAxis = scale.shape.length > 0;
    const [axis] = isPerAxis ? ints(node, 'axis') : [0];
    const inner = x.shape.slice(axis + 1).reduce((product, side) => product * side, 1);
    return {
      ...x,
      values: Array.from(x.values, (value, i) => {
        const at = isPerAxis ? Math.floor(i / inner) % x.shape[axis] : 0;
        return (value - zero.values[at]) * scale.values[at];
      }),
    };
  },
  QuantizeLinear: ([x, scale, zero]) => {
    const [low, high] = zero.isSigned ? [-128, 127] : [0, 255];
    return map(x, (value) => limit(halfToEven(value / scalar(scale)) + scalar(zero), low, high));
  },
  Clip: ([x, low, high]) => map(x, (value) => limit(value, scalar(low), scalar(high))),
  Relu: ([x]) => map(x, (value) => Math.max(value, 0)),
  Cast: ([x]) => x,
  Gather: ([table, { shape, values }], node) => {
    const [axis] = ints(node, 'axis') as [number];
    if (axis === 0) return { shape, values: Array.from(values, (index) => table.values[index]) };
    return tensorOf(table.shape.with(axis, values.length), (index) =>
      valueAt(table, index.with(axis, Number(values[index[axis]]))),
    );
  },
  Identity: ([x]) => x,
  Round: ([x]) => map(x, halfToEven),
  Div: ([a, b]) => meet(a, b, (x, y) => x / y),
  // Of QONNX: clamped, then rounded.
  Quant: ([x, scale, zero, bits], node) => {
    const [signed] = ints(node, 'signed') as [number];
    const [narrow] = ints(node, 'narrow') as [number];
    const [low, high] = signed
      ? [narrow - 2 ** (scalar(bits) - 1), 2 ** (scalar(bits) - 1) - 1]
      : [0, 2 ** scalar(bits) - 1];
    if (text(node, 'rounding_mode') !== 'ROUND') throw new Error('another rounding');
    const axis = scale.shape.findIndex((side) => side > 1);
    const inner = x.shape.slice(axis + 1).reduce((product, side) => product * side, 1);
    return {
      ...x,
      values: Array.from(x.values, (value, i) => {
        const at = axis < 0 ? 0 : Math.floor(i / inner) % x.shape[axis];
        const step = scale.values[at];
        const level = limit(value / step + scalar(zero), low, high);
        return (halfToEven(level) - scalar(zero)) * step;
      }),
    };
  },
  Max: ([a, b]) => meet(a, b, Math.max),
  Greater: ([a, b]) => meet(a, b, (x, y) => (x > y ? 1 : 0)),
  Min: ([a, b]) => meet(a, b, Math.min),
  Where: ([condition, a, b]) => ({
    shape: a.shape,
    values: Array.from(condition.values, (is, i) => (is ? a.values[i] : b.values[i])),
  }),
  Add: ([a, b]) => meet(a, b, (x, y) => x + y),
  Sub: ([a, b]) => meet(a, b, (x, y) => x - y),
  Mul: ([a, b]) => meet(a, b, (x, y) => x * y),
  Flatten: ([x]) => ({ ...x, shape: [1, x.values.length] }),
  Softmax: ([x], node) => {
    const [axis] = ints(node, 'axis') as [number];
    return tensorOf(x.shape, (index) => {
      const own = Array.from({ length: x.shape[axis] }, (_, at) =>
        valueAt(x, index.with(axis, at)),
      );
      const powers = own.map((value) => Math.exp(value - Math.max(...own)));
      return powers[index[axis]] / powers.reduce((a, b) => a + b);
    });
  },
  Resize: ([x, sizes], node) => {
    const kind = text(node, 'coordinate_transformation_mode');
    if (text(node, 'mode') !== 'linear') throw new Error('not linear');
    const shape = Array.from(sizes.values, Number);
    const place = (axis: number, at: number) => {
      const [own, wanted] = [x.shape[axis], shape[axis]];
      if (kind === 'align_corners') return wanted === 1 ? 0 : (at * (own - 1)) / (wanted - 1);
      return kind === 'asymmetric' ? (at * own) / wanted : ((at + 0.5) * own) / wanted - 0.5;
    };
    const corners = (axis: number, at: number) => {
      const from = limit(place(axis, at), 0, x.shape[axis] - 1);
      const first = Math.floor(from);
      const second = Math.min(first + 1, x.shape[axis] - 1);
      return [
        { at: first, weight: 1 - (from - first) },
        { at: second, weight: from - first },
      ];
    };
    return tensorOf(shape, ([n, c, y, w]) => {
      let sum = 0;
      for (const row of corners(2, y)) {
        for (const column of corners(3, w)) {
          sum += row.weight * column.weight * valueAt(x, [n, c, row.at, column.at]);
        }
      }
      return sum;
    });
  },
  Concat: (inputs, node) => {
    const [axis] = ints(node, 'axis') as [number];
    const sum = inputs.reduce((total, { shape }) => total + shape[axis], 0);
    const owners = inputs.flatMap((from) =>
      Array.from({ length: from.shape[axis] }, (_, at) => ({ from, at })),
    );
    return tensorOf(inputs[0].shape.with(axis, sum), (index) => {
      const { from, at } = owners[index[axis]];
      return valueAt(from, index.with(axis, at));
    });
  },
  GlobalAveragePool: ([x]) =>
    build([1, x.shape[1], 1, 1], (_, c) => {
      const plane = x.shape[2] * x.shape[3];
      const values = Array.from(x.values).slice(c * plane, (c + 1) * plane);
      return values.reduce((a, b) => a + b, 0) / plane;
    }),
  AveragePool: ([x], node) => {
    if (ints(node, 'count_include_pad')[0] !== 0) throw new Error('padding counts');
    return slide(x, node, (values) => values.reduce((a, b) => a + b, 0) / values.length);
  },
  MaxPool: ([x], node) => slide(x, node, (values) => Math.max(...values)),
  PRelu: ([x, slopes]) => {
    const [, channels, height, width] = x.shape as [number, number, number, number];
    const isWhole = slopes.values.length === channels * height * width;
    const slope = (i: number) => slopes.values[isWhole ? i : Math.floor(i / (height * width))];
    return {
      ...x,
      values: Array.from(x.values, (value, i) => (value >= 0 ? value : slope(i) * value)),
    };
  },
  ConvTranspose: ([x, filter, bias], node) => {
    const [depth, outputs, kernelHeight, kernelWidth] = filter.shape as [
      number,
      number,
      number,
      number,
    ];
    const [, , height, width] = x.shape as [number, number, number, number];
    const [strideY, strideX] = ints(node, 'strides') as [number, number];
    const [top, left, bottom, right] = ints(node, 'pads') as [number, number, number, number];
    const [moreY, moreX] = node.attribute.some(({ name }) => name === 'output_padding')
      ? (ints(node, 'output_padding') as [number, number])
      : [0, 0];
    const size = [
      (height - 1) * strideY + kernelHeight - top - bottom + moreY,
      (width - 1) * strideX + kernelWidth - left - right + moreX,
    ];
    return build([1, outputs, ...size], (_, o, y, w) => {
      let sum = bias.values[o];
      for (let iy = 0; iy < height; iy++) {
        for (let ix = 0; ix < width; ix++) {
          const [ky, kx] = [y + top - iy * strideY, w + left - ix * strideX];
          if (ky < 0 || ky >= kernelHeight || kx < 0 || kx >= kernelWidth) continue;
          for (let i = 0; i < depth; i++) {
            const weight =
              filter.values[((i * outputs + o) * kernelHeight + ky) * kernelWidth + kx];
            sum += weight * x.values[(i * height + iy) * width + ix];
          }
        }
      }
      return sum;
    });
  },
  Conv: ([x, filter, bias], node) => {
    const [outputs, depth, height, width] = filter.shape as [number, number, number, number];
    const [groups] = ints(node, 'group') as [number];
    const window = windowOf(x, node);
    return build([1, outputs, ...window.size], (_, o, y, w) => {
      let sum = bias?.values[o] ?? 0;
      const group = Math.floor(o / (outputs / groups));
      for (let i = 0; i < depth; i++) {
        for (const { row, column, at } of window.positions(group * depth + i, y, w)) {
          sum += filter.values[((o * depth + i) * height + row) * width + column] * x.values[at];
        }
      }
      return sum;
    });
  },
};

/** The value at an index of each axis. */
function valueAt({ shape, values }: Tensor, index: readonly number[]): number {
  return Number(values[index.reduce((at, i, axis) => at * shape[axis] + i, 0)]);
}

function tensorOf(shape: readonly number[], at: (index: readonly number[]) => number): Tensor {
  const count = shape.reduce((product, side) => product * side, 1);
  const values = Array.from({ length: count }, (_, position) => {
    let rest = position;
    const index = shape.toReversed().map((side) => {
      const i = rest % side;
      rest = Math.floor(rest / side);
      return i;
    });
    return at(index.toReversed());
  });
  return { shape, values };
}

/** Element by element; the second tensor is as large, or has one value a channel, or one. */
function meet(a: Tensor, b: Tensor, result: (x: number, y: number) => number): Tensor {
  const channels = a.shape[1];
  const plane = a.values.length / channels;
  const { length } = b.values;
  const second = (i: number) =>
    b.values[length === a.values.length ? i : length === 1 ? 0 : Math.floor(i / plane)];
  return { ...a, values: Array.from(a.values, (value, i) => result(value, second(i))) };
}

function slide(x: Tensor, node: NodeProto, reduce: (values: number[]) => number): Tensor {
  const window = windowOf(x, node);
  return build([1, x.shape[1], ...window.size], (_, c, y, w) =>
    reduce(window.positions(c, y, w).map(({ at }) => x.values[at])),
  );
}

/** Where the window of a node lies in its input. */
function windowOf({ shape }: Tensor, node: NodeProto) {
  const [, , height, width] = shape as [number, number, number, number];
  const [kernelHeight, kernelWidth] = ints(node, 'kernel_shape') as [number, number];
  const [top, left, bottom, right] = ints(node, 'pads') as [number, number, number, number];
  const [strideY, strideX] = ints(node, 'strides') as [number, number];
  const apart = node.attribute.some(({ name }) => name === 'dilations')
    ? ints(node, 'dilations')
    : [1, 1];
  const [apartY, apartX] = apart as [number, number];
  const count = (size: number, kernel: number, stride: number) =>
    Math.floor((size - kernel) / stride) + 1;
  return {
    size: [
      count(height + top + bottom, (kernelHeight - 1) * apartY + 1, strideY),
      count(width + left + right, (kernelWidth - 1) * apartX + 1, strideX),
    ],
    positions(channel: number, y: number, x: number) {
      const found = [];
      for (let row = 0; row < kernelHeight; row++) {
        for (let column = 0; column < kernelWidth; column++) {
          const iy = y * strideY + row * apartY - top;
          const ix = x * strideX + column * apartX - left;
          if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
          found.push({ row, column, at: (channel * height + iy) * width + ix });
        }
      }
      return found;
    },
  };
}

function build(shape: readonly number[], at: (...index: number[]) => number): Tensor {
  const [n, channels, height, width] = shape as [number, number, number, number];
  const values: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) values.push(at(i, c, y, x));
    }
  }
  return { shape, values };
}
