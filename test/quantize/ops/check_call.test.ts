import assert from 'node:assert/strict';
import { maxPool2d } from '../../../quantize/ops/max_pool2d.ts';
import type { Shape4 } from '../../../quantize/ops/tensor.ts';
import { QuantizationError } from '../../../quantize/params/errors.ts';
import { describeEachTier, TIERS } from '../kernels/each_tier.ts';
import {
  concat,
  convolution,
  extreme,
  fullyConnected,
  globalAveragePool,
  lookup,
  multiply,
  pool,
  prelu,
  rearrange,
  resize,
  softmax,
  sum,
  transposedConvolution,
} from '../kernels/make_call.ts';
import { type KernelCall, run } from '../kernels/run_case.ts';

const PLACEMENT = {
  inputShape: [2, 5, 6, 3] as Shape4,
  windowShape: [3, 2],
  strides: [2, 1],
  padding: { top: 1, bottom: 0, left: 0, right: 1 },
} as const;

const VALID: Readonly<Record<KernelCall['op'], KernelCall>> = {
  conv2d: convolution('conv2d', { ...PLACEMENT, filters: 4 }),
  depthwiseConv2d: convolution('depthwiseConv2d', { ...PLACEMENT, filters: 2 }),
  transposedConv2d: transposedConvolution({
    ...PLACEMENT,
    filters: 4,
    begin: [1, 0],
    size: [10, 7],
  }),
  prelu: prelu(3, 4, {
    inputZeroPoint: 120,
    alphaZeroPoint: 30,
    outputZeroPoint: 90,
    positive: { mantissa: 2 ** 30, shift: 1 },
    negative: { mantissa: 2 ** 30, shift: -6 },
    seed: 1,
  }),
  fullyConnected: fullyConnected([2, 3, 4]),
  averagePool2d: pool('averagePool2d', PLACEMENT),
  maxPool2d: pool('maxPool2d', PLACEMENT),
  globalAveragePool: globalAveragePool([2, 3, 4, 5]),
  concat: concat(4, [{ channels: 3, zeroPoint: 5, multiplier: 1 }], 7),
  add: sum('add', [6, 5, 3], { aMultiplier: 9, bMultiplier: 7, shift: 20 }),
  subtract: sum('subtract', [6, 5, 3], { aMultiplier: 9, bMultiplier: 7, shift: 20 }),
  multiply: multiply([6, 5, 3], 0.5),
  lookup: lookup(4, 3),
  rearrange: rearrange({ kind: 'reshape' }, [2, 2, 3, 4], [3, 2, 4]),
  resize: resize({ method: 'bilinear', corners: 'aligned' }, [2, 3, 4, 5], [5, 6]),
  maximum: extreme('maximum', [6, 5, 3]),
  minimum: extreme('minimum', [6, 5, 3]),
  requantize: lookup(4, 3, 1, 'requantize'),
  softmax: softmax(4, 3, 0.1),
};

/** The valid call with some fields replaced. */
function broken(op: KernelCall['op'], fields: object): KernelCall {
  return { op, call: { ...VALID[op].call, ...fields } } as KernelCall;
}

/** The valid concatenation with some fields of its input replaced. */
function brokenPart(fields: object): KernelCall {
  const { op, call } = concat(4, [{ channels: 3, zeroPoint: 5, multiplier: 1 }], 7);
  assert.ok(op === 'concat');
  return { op, call: { ...call, inputs: [{ ...call.inputs[0], ...fields }] } };
}

const bytes = (length: number) => new Uint8Array(length);
const CONVOLUTIONS = ['conv2d', 'depthwiseConv2d'] as const;
const POOLS = ['averagePool2d', 'maxPool2d'] as const;
const WINDOWED = [...CONVOLUTIONS, ...POOLS] as const;
const ELEMENTWISE = ['add', 'subtract', 'multiply'] as const;
const WEIGHTED = [...CONVOLUTIONS, 'fullyConnected'] as const;

type Refusal = readonly [call: KernelCall, message: RegExp];

const REFUSED: readonly Refusal[] = [
  [
    broken('conv2d', { filterShape: [3, 2, 2, 4], filter: bytes(48) }),
    /a divisor of inputShape\[3\] = 3 for filterShape\[2\] but received 2/,
  ],
  [
    broken('conv2d', { filterShape: [3, 2, 1, 4], filter: bytes(24) }),
    /a multiple of the 3 groups for filterShape\[3\] but received 4/,
  ],
  [broken('transposedConv2d', { input: bytes(7) }), /length 180 for input but received 7/],
  [broken('transposedConv2d', { strides: [0, 1] }), /integer ≥ 1 for strides\[0\] but received 0/],
  [
    broken('transposedConv2d', { padding: { ...PLACEMENT.padding, top: -1 } }),
    /integer ≥ 0 for padding.top but received -1/,
  ],
  [
    broken('transposedConv2d', { filterShape: [3, 2, 6, 2] }),
    /3 \(inputShape\[3\]\) for filterShape\[2\] but received 6/,
  ],
  [broken('transposedConv2d', { outputShape: [2, 10, 8, 4] }), /length 640 for output/],
  [broken('prelu', { rows: 0 }), /integer ≥ 1 for rows but received 0/],
  [broken('prelu', { input: bytes(7) }), /length 12 for input but received 7/],
  [broken('prelu', { alphaZeroPoint: 256 }), /\[0, 255\] for alphaZeroPoint but received 256/],
  [
    broken('prelu', { positive: { mantissa: 5, shift: 0 } }),
    /0 or an integer in \[2³⁰, 2³¹\) for positive.mantissa but received 5/,
  ],
  [
    broken('prelu', { negative: { mantissa: 2 ** 30, shift: 15 } }),
    /integer in \[−31, 14\] for negative.shift but received 15/,
  ],
  ...WINDOWED.flatMap((op): Refusal[] => [
    [broken(op, { input: bytes(7) }), /length 180 for input but received 7/],
    [broken(op, { inputShape: [2, 5, 6] }), /4 dimensions for inputShape but received \[2,5,6\]/],
    [broken(op, { inputShape: [2, 5, 6, 0] }), /integer ≥ 1 for inputShape\[3\] but received 0/],
    [broken(op, { inputShape: [2, 5.5, 6, 3] }), /integer ≥ 1 for inputShape\[1\]/],
    [broken(op, { strides: [0, 1] }), /integer ≥ 1 for strides\[0\] but received 0/],
    [broken(op, { strides: [1, 1.5] }), /integer ≥ 1 for strides\[1\] but received 1.5/],
    [broken(op, { strides: [1, 1] }), /for outputShape\[1\] but received 2/],
    [broken(op, { strides: [2, 2] }), /for outputShape\[2\] but received 6/],
    ...['top', 'bottom', 'left', 'right'].map(
      (side): Refusal => [
        broken(op, { padding: { ...PLACEMENT.padding, [side]: -1 } }),
        new RegExp(`integer ≥ 0 for padding.${side} but received -1`),
      ],
    ),
    [broken(op, { low: -1 }), /integer in \[0, 255\] for low but received -1/],
    [broken(op, { low: 100, high: 99 }), /\[low, 255\] = \[100, 255\] for high but received 99/],
    [broken(op, { high: 256 }), /for high but received 256/],
  ]),
  ...CONVOLUTIONS.flatMap((op): Refusal[] => {
    const { call } = VALID[op];
    const filters = op === 'conv2d' ? 4 : 2;
    return [
      [
        broken(op, { filterShape: [3, 2, 1, filters * 3] }),
        op === 'conv2d' ? /outputShape\[3\]/ : /3 \(inputShape\[3\]\)/,
      ],
      [broken(op, { filterShape: [3, 2, 3, 9] }), /length 162 for filter/],
      [broken(op, { filterShape: [3, 2, 3, 9], filter: bytes(162) }), /for outputShape\[3\]/],
      [broken(op, { outputShape: [2, 2, 6, 1], output: bytes(24) }), /length 1 for bias/],
      [
        broken(op, { filterShape: [7, 2, 3, filters], filter: bytes(42 * filters) }),
        /at most 6 for window height but received 7/,
      ],
      [
        broken(op, { filterShape: [3, 8, 3, filters], filter: bytes(72 * filters) }),
        /at most 7 for window width but received 8/,
      ],
      [
        broken(op, { outputShape: [1, 4, 6, call.output.length / 24] }),
        /2 \(inputShape\[0\]\) for outputShape\[0\] but received 1/,
      ],
    ];
  }),
  ...POOLS.flatMap((op): Refusal[] => [
    [broken(op, { windowShape: [0, 2] }), /integer ≥ 1 for windowShape\[0\]/],
    [broken(op, { windowShape: [3, 0] }), /integer ≥ 1 for windowShape\[1\]/],
    [broken(op, { outputShape: [2, 2, 3, 6] }), /for outputShape\[2\] but received 3/],
    [
      broken(op, { outputShape: [2, 2, 6, 2], output: bytes(48) }),
      /3 \(inputShape\[3\]\) for outputShape\[3\] but received 2/,
    ],
    ...['top', 'bottom'].map((side): Refusal => {
      const call = { windowShape: [1, 2], strides: [6, 1], padding: { ...PLACEMENT.padding } };
      Object.assign(call.padding, { top: 0, bottom: 0, [side]: 1 });
      const shape = { outputShape: [2, 1, 6, 3], output: bytes(36) };
      return [
        broken(op, { ...call, ...shape }),
        new RegExp(`less than 1 \\(windowShape\\[0\\]\\) for padding.${side} but received 1`),
      ];
    }),
    ...['left', 'right'].map((side): Refusal => {
      const call = { windowShape: [3, 1], strides: [2, 7], padding: { ...PLACEMENT.padding } };
      Object.assign(call.padding, { left: 0, right: 0, [side]: 1 });
      const shape = { outputShape: [2, 2, 1, 3], output: bytes(12) };
      return [
        broken(op, { ...call, ...shape }),
        new RegExp(`less than 1 \\(windowShape\\[1\\]\\) for padding.${side} but received 1`),
      ];
    }),
  ]),
  ...WEIGHTED.flatMap((op): Refusal[] => [
    [broken(op, { bias: new Int32Array(99) }), /for bias but received 99/],
    [broken(op, { filter: bytes(5) }), /for filter but received 5/],
    [broken(op, { inputZeroPoint: 256 }), /for inputZeroPoint but received 256 of type number/],
    [broken(op, { filterZeroPoint: -1 }), /for filterZeroPoint but received -1/],
    [broken(op, { outputZeroPoint: 0.5 }), /for outputZeroPoint but received 0.5/],
    [broken(op, { multiplier: 0 }), /finite single-precision number > 0 for multiplier/],
    [
      broken(op, { multiplier: 0.1 }),
      /single-precision number > 0 for multiplier but received 0.1/,
    ],
    [broken(op, { multiplier: Infinity }), /for multiplier but received Infinity/],
    [broken(op, { multiplier: NaN }), /for multiplier but received NaN/],
    [broken(op, { multiplier: [0.5] }), /length \d for multiplier but received 1/],
    [
      broken(op, {
        multiplier: [0.5, 0.25, 0.5, 0.1, 0.5, 0.5].slice(0, op === 'depthwiseConv2d' ? 6 : 4),
      }),
      /single-precision number > 0 for multiplier\[3\] but received 0.1/,
    ],
  ]),
  [broken('fullyConnected', { batch: 0 }), /integer ≥ 1 for batch/],
  [broken('fullyConnected', { inputDepth: 0 }), /integer ≥ 1 for inputDepth/],
  [broken('fullyConnected', { outputDepth: 1.5 }), /integer ≥ 1 for outputDepth/],
  [broken('fullyConnected', { input: bytes(1) }), /length 6 for input but received 1/],
  [broken('globalAveragePool', { inputShape: [2, 3, 4, 0] }), /for inputShape\[3\]/],
  [broken('globalAveragePool', { input: bytes(1) }), /length 120 for input but received 1/],
  [broken('globalAveragePool', { inputShape: [2, 3, 4, 6], input: bytes(144) }), /for output/],
  [
    broken('globalAveragePool', { inputShape: [2, 4096, 4096, 5] }),
    /at most 8388608 positions for inputShape but received 16777216/,
  ],
  [broken('concat', { inputs: [] }), /integer ≥ 1 for inputs.length/],
  [broken('concat', { positions: 0 }), /integer ≥ 1 for positions/],
  [broken('concat', { outputZeroPoint: 256 }), /for outputZeroPoint but received 256/],
  [brokenPart({ channels: 0 }), /integer ≥ 1 for inputs\[0\].channels/],
  [brokenPart({ data: bytes(5) }), /length 12 for inputs\[0\].data but received 5/],
  [brokenPart({ zeroPoint: -1 }), /for inputs\[0\].zeroPoint but received -1/],
  [brokenPart({ multiplier: 0.1 }), /for inputs\[0\].multiplier but received 0.1/],
  ...ELEMENTWISE.flatMap((op): Refusal[] => [
    [broken(op, { rows: 0 }), /integer ≥ 1 for rows/],
    [broken(op, { columns: 1.5 }), /integer ≥ 1 for columns/],
    [broken(op, { share: 4 }), /a multiple of share = 4 for rows but received 6/],
    [broken(op, { a: bytes(1) }), /length 30 for a but received 1/],
    [broken(op, { b: bytes(30) }), /length 10 for b but received 30/],
    [broken(op, { output: bytes(10) }), /length 30 for output but received 10/],
    [broken(op, { aZeroPoint: 256 }), /for aZeroPoint but received 256/],
    [broken(op, { bZeroPoint: -1 }), /for bZeroPoint but received -1/],
    [broken(op, { outputZeroPoint: 0.5 }), /for outputZeroPoint but received 0.5/],
    [broken(op, { low: 100, high: 99 }), /for high but received 99/],
  ]),
  ...(['add', 'subtract'] as const).flatMap((op): Refusal[] => [
    [broken(op, { aMultiplier: -1 }), /integer in \[0, 2097152\] for aMultiplier/],
    [broken(op, { bMultiplier: 2 ** 21 + 1 }), /for bMultiplier but received 2097153/],
    [broken(op, { shift: 12 }), /integer in \[13, 30\] for shift but received 12/],
    [broken(op, { shift: 31 }), /for shift but received 31/],
  ]),
  [broken('lookup', { positions: 0 }), /integer ≥ 1 for positions/],
  [broken('lookup', { channels: 0.5 }), /integer ≥ 1 for channels/],
  [broken('lookup', { table: bytes(255) }), /length 256 for table but received 255/],
  [broken('lookup', { input: bytes(5) }), /length 12 for input but received 5/],
  [broken('lookup', { output: bytes(5) }), /length 12 for output but received 5/],
  ...(['maximum', 'minimum'] as const).flatMap((op): Refusal[] => [
    [broken(op, { rows: 0 }), /integer ≥ 1 for rows/],
    [broken(op, { columns: 1.5 }), /integer ≥ 1 for columns/],
    [broken(op, { share: 4 }), /a multiple of share = 4 for rows but received 6/],
    [broken(op, { a: bytes(1) }), /length 30 for a but received 1/],
    [broken(op, { b: bytes(30) }), /length 10 for b but received 30/],
    [broken(op, { output: bytes(10) }), /length 30 for output but received 10/],
  ]),
  ...WEIGHTED.map(
    (op): Refusal => [broken(op, { table: bytes(255) }), /length 256 for table but received 255/],
  ),
  [broken('requantize', { table: bytes(255) }), /length 256 for table but received 255/],
  [broken('resize', { inputShape: [2, 3, 4, 0] }), /integer ≥ 1 for inputShape\[3\]/],
  [broken('resize', { rows: new Int32Array(4) }), /3 numbers for each place for rows/],
  [broken('resize', { columns: new Int32Array(0) }), /3 numbers for each place for columns/],
  [broken('resize', { rows: Int32Array.of(0, 3, 1) }), /places in \[0, 3\) and a weight.* rows/],
  [broken('resize', { rows: Int32Array.of(0, 1, 2049) }), /a weight in \[0, 2048\] for rows/],
  [broken('resize', { columns: Int32Array.of(-1, 0, 0) }), /places in \[0, 4\).* for columns/],
  [broken('resize', { input: bytes(5) }), /length 120 for input but received 5/],
  [broken('resize', { output: bytes(5) }), /length 300 for output but received 5/],
  [broken('softmax', { positions: 0 }), /integer ≥ 1 for positions/],
  [broken('softmax', { channels: 0.5 }), /integer ≥ 1 for channels/],
  [broken('softmax', { powers: new Float32Array(255) }), /length 256 for powers/],
  [broken('softmax', { powers: new Float32Array(256) }), /1 for powers\[0\] but received 0/],
  [
    broken('softmax', { powers: new Float32Array(256).fill(1).fill(Number.NaN, 9, 10) }),
    /a number in \[0, 1\] for powers\[9\] but received NaN/,
  ],
  [broken('softmax', { input: bytes(5) }), /length 12 for input but received 5/],
  [broken('softmax', { output: bytes(5) }), /length 12 for output but received 5/],
  [broken('rearrange', { batch: 0 }), /integer ≥ 1 for batch/],
  [broken('rearrange', { imageBytes: 0 }), /integer ≥ 1 for imageBytes/],
  [broken('rearrange', { sizes: [24] }), /length 5 for sizes but received 1/],
  [broken('rearrange', { strides: [1] }), /length 5 for strides but received 1/],
  [broken('rearrange', { begins: [0] }), /length 5 for begins but received 1/],
  [broken('rearrange', { ends: [0] }), /length 5 for ends but received 1/],
  [broken('rearrange', { sizes: [1, 1, 1, 0, 24] }), /integer ≥ 1 for sizes\[3\]/],
  [broken('rearrange', { strides: [0, 0, 0, 0.5, 1] }), /integer for strides\[3\]/],
  [
    broken('rearrange', { ends: [1, 1, 1, 1, 25] }),
    /integers in \[0, 24\] for begins and ends\[4\]/,
  ],
  [broken('rearrange', { begins: [0, 0, 0, 0, 0.5] }), /for begins and ends\[4\]/],
  [broken('rearrange', { offset: 1 }), /places in an image of 24 bytes for the map/],
  [broken('rearrange', { offset: -1 }), /places in an image of 24 bytes for the map/],
  [broken('rearrange', { fill: 256 }), /for fill but received 256/],
  [broken('rearrange', { input: bytes(5) }), /length 48 for input but received 5/],
  [broken('rearrange', { output: bytes(5) }), /length 48 for output but received 5/],
  [broken('multiply', { multiplier: 0.1 }), /for multiplier but received 0.1/],
  [brokenPart({ channels: 2, data: bytes(8) }), /length 8 for output/],
];

describeEachTier(
  TIERS,
  (name) => `the checks of ${name} kernels`,
  (kernels) => {
    it('accept the calls that the refused ones are made from', () => {
      for (const kernelCall of Object.values(VALID)) run(kernels(), kernelCall);
    });

    it('refuse a field that does not fit, naming it and what came', () => {
      for (const [kernelCall, pattern] of REFUSED) {
        assert.throws(
          () => run(kernels(), kernelCall),
          (error) => error instanceof QuantizationError && pattern.test(error.message),
          `${kernelCall.op} ${pattern}`,
        );
      }
    });

    it('refuse an output of another length', () => {
      const output = bytes(VALID.maxPool2d.call.output.length + 1);
      const longer = broken('maxPool2d', { output });
      assert.throws(() => kernels().run(longer), /for output but received/);
    });

    it('refuse an output that shares memory with an input', () => {
      const memory = bytes(11);
      const call = {
        input: memory.subarray(0, 6),
        inputShape: [1, 1, 2, 3],
        output: memory.subarray(5, 8),
      } as const;
      assert.throws(
        () => kernels().run({ op: 'globalAveragePool', call }),
        /memory apart from output's for input/,
      );
      const apart = { ...call, output: memory.subarray(6, 9) };
      kernels().run({ op: 'globalAveragePool', call: apart });
    });
  },
);

describe('a pool', () => {
  it('is refused where it has more than 2²³ positions, before the arrays are looked at', () => {
    const call = {
      input: bytes(0),
      inputShape: [1, 4096, 4096, 1],
      windowShape: [4096, 4096],
      strides: [1, 1],
      padding: { top: 0, bottom: 0, left: 0, right: 0 },
      output: bytes(0),
      outputShape: [1, 1, 1, 1],
      low: 0,
      high: 255,
    } as const;
    assert.throws(() => maxPool2d.checkCall(call), /at most 8388608 positions for windowShape/);
  });
});
