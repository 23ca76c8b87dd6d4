import assert from 'node:assert/strict';
import type { Kernels } from '../../../quantize/kernels/kernels.ts';
import { checksum, KNOWN_ANSWERS } from '../../../quantize/kernels/known_answers.ts';
import { knownCalls } from '../../../quantize/kernels/known_calls.ts';
import { compileProgram } from '../../../quantize/kernels/program.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { selfTest } from '../../../quantize/kernels/self_test.ts';
import type { Requantization } from '../../../quantize/ops/requantization.ts';
import { OP_NAMES, OPERATIONS } from '../../../quantize/ops/table.ts';
import { quantizeArray } from '../../../quantize/params/quantization.ts';
import { runWith } from './run_with.ts';

/** The reference, except for what is given. */
function liar(lie: Partial<Kernels>): Kernels {
  return { ...REFERENCE_KERNELS, tier: 'native', instructionSet: 'wrong', ...lie };
}

/** A convolution of 1 × 1 or a depthwise one whose accumulators and bytes a faulty unit makes. */
function faulty(fault: {
  sum?: (terms: readonly number[]) => number;
  requantize?: (accumulator: number, call: Requantization) => number;
}): Partial<Kernels> {
  const { sum = total, requantize = exact } = fault;
  return runWith('conv2d', (call) => {
    const [kernelHeight, kernelWidth, depth, filters] = call.filterShape;
    if (kernelHeight * kernelWidth > 1 || depth !== call.inputShape[3]) return;
    for (let row = 0; row < call.output.length / filters; row++) {
      for (let m = 0; m < filters; m++) {
        const terms = Array.from({ length: depth }, (_, k) => {
          const x = call.input[row * depth + k] - call.inputZeroPoint;
          return x * (call.filter[k * filters + m] - call.filterZeroPoint);
        });
        const multiplier = call.multiplier as number;
        const own = { ...call, multiplier };
        call.output[row * filters + m] = requantize((call.bias[m] + sum(terms)) | 0, own);
      }
    }
  });
}

const total = (terms: readonly number[]) => terms.reduce((a, b) => a + b, 0);

function exact(accumulator: number, { multiplier, outputZeroPoint, low, high }: Requantization) {
  const scaled = Math.fround(Math.fround(accumulator) * multiplier);
  return bounded(halfEven(scaled) + outputZeroPoint, low, high);
}

function halfEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

const bounded = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

function assertCaught(lie: Partial<Kernels>, title: RegExp): void {
  assert.throws(() => selfTest(liar(lie)), {
    name: 'QuantizationError',
    message: new RegExp(
      `^Expected the reference's byte \\d+ at \\d+ of "${title.source}" in the self-test of native \\(wrong\\) but received \\d+$`,
    ),
  });
}

describe('selfTest', () => {
  it('passes kernels that compute as the reference, compiled or not', () => {
    selfTest(REFERENCE_KERNELS);
    selfTest(liar(faulty({})));
    selfTest(
      liar({
        compile: (program, options) => compileProgram(REFERENCE_KERNELS, program, options),
        quantize: (real, params, output) => quantizeArray(real, params, output),
      }),
    );
  });

  it('knows the answers of the reference', () => {
    const { program, image, titles } = knownCalls();
    program.input.set(image);
    for (const call of program.calls) REFERENCE_KERNELS.run(call);
    const answers = titles.map((title, i) => [title, checksum(program.outputs[i])]);
    assert.deepEqual(KNOWN_ANSWERS, Object.fromEntries(answers));
    assert.equal(Object.keys(KNOWN_ANSWERS).length, titles.length, 'no title twice');
  });

  it('covers every operation, and depthwise convolutions of stride 1 and 2', () => {
    const { calls } = knownCalls().program;
    assert.deepEqual(new Set(calls.map(({ op }) => op)), new Set<string>(OP_NAMES));
    const strides = calls.flatMap(({ op, call }) =>
      op === 'depthwiseConv2d' ? [call.strides[0]] : [],
    );
    assert.ok(strides.includes(1) && strides.includes(2));
  });

  for (const op of OP_NAMES) {
    it(`catches one wrong bit in the last byte of ${op}`, () => {
      const lie = runWith(op, ({ output }) => {
        output[output.length - 1] ^= 1;
      });
      assertCaught(lie, new RegExp(`${op}.*`));
    });
  }

  it('catches pairs of products that saturate at int16, as maddubs', () => {
    const sum = (terms: readonly number[]) => {
      let result = 0;
      for (let k = 0; k < terms.length; k += 2) {
        result += bounded(terms[k] + (terms[k + 1] ?? 0), -32768, 32767);
      }
      return result;
    };
    assertCaught(faulty({ sum }), /conv2d, pointwise, zero points \d+ and \d+/);
  });

  it('catches ties that are rounded away from zero', () => {
    const requantize = (accumulator: number, call: Requantization) => {
      const scaled = Math.fround(Math.fround(accumulator) * call.multiplier);
      const rounded = Math.sign(scaled) * Math.round(Math.abs(scaled));
      return bounded(rounded + call.outputZeroPoint, call.low, call.high);
    };
    assertCaught(faulty({ requantize }), /conv2d, ties/);
  });

  it('catches bounds that are left out', () => {
    const requantize = (accumulator: number, call: Requantization) =>
      exact(accumulator, { ...call, low: 0, high: 255 });
    assertCaught(faulty({ requantize }), /conv2d, pointwise, .*/);
  });

  it('catches accumulators that are cut to 24 bits', () => {
    const requantize = (accumulator: number, call: Requantization) =>
      exact((accumulator << 8) >> 8, call);
    assertCaught(faulty({ requantize }), /conv2d, accumulators of int32/);
  });

  it('catches accumulators that are multiplied in double precision', () => {
    const requantize = (accumulator: number, call: Requantization) =>
      bounded(halfEven(accumulator * call.multiplier) + call.outputZeroPoint, call.low, call.high);
    assertCaught(faulty({ requantize }), /conv2d, accumulators of int32/);
  });

  it('catches a program that lies where its kernels are right', () => {
    const compile: Kernels['compile'] = (program, options) => {
      const compiled = compileProgram(REFERENCE_KERNELS, program, options);
      return {
        ...compiled,
        run(images, batch, results) {
          compiled.run(images, batch, results);
          results[3][0] ^= 1;
        },
      };
    };
    assertCaught({ compile }, /conv2d, pointwise, zero points 255 and 0/);
  });

  it('catches images that are quantized by another rounding', () => {
    const quantize: Kernels['quantize'] = (real, { scale, zeroPoint }, output) => {
      for (const [i, x] of real.entries()) {
        output[i] = bounded(Math.round(x / scale) + zeroPoint, 0, 255);
      }
    };
    assertCaught({ quantize }, /quantize/);
  });

  it('catches a reference that computes other bytes than it did when its answers were stored', () => {
    const { concat } = OPERATIONS;
    const { compute } = concat;
    concat.compute = ({ output }) => void output.fill(1);
    try {
      assert.throws(() => selfTest(REFERENCE_KERNELS), {
        name: 'QuantizationError',
        message:
          /^Expected bytes of checksum \d+ from the reference for "concat" but received \d+$/,
      });
    } finally {
      concat.compute = compute;
    }
  });

  it('lets through what the kernels throw', () => {
    const lie = liar(
      runWith('concat', () => {
        throw new Error('illegal instruction');
      }),
    );
    assert.throws(() => selfTest(lie), /illegal instruction/);
  });

  it('passes again after kernels that lied', () => {
    assert.throws(() => selfTest(liar(runWith('maxPool2d', ({ output }) => void output.fill(0)))));
    selfTest(REFERENCE_KERNELS);
  });
});
