import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { messageOf } from '../../../../foundation/errors.ts';
import { modelProgram } from '../../../../quantize/execute/model_program.ts';
import {
  INSTRUCTION_SETS,
  type NativeAddon,
  type WindowFields,
} from '../../../../quantize/kernels/native/addon.ts';
import {
  loadNativeAddon,
  nativeAddonFile,
} from '../../../../quantize/kernels/native/load_native.ts';
import { createNativeKernels } from '../../../../quantize/kernels/native/native_kernels.ts';
import { quantizeArray } from '../../../../quantize/params/quantization.ts';
import { NO_PADDING } from '../../../../quantize/params/window.ts';
import { skip } from '../../../support/skip.ts';
import { randomModels, randomRoundings } from '../../model/random_models.ts';
import { assertEqual, assertNetworkEqual } from '../equal.ts';
import { randomBytes } from '../make_call.ts';

let addon: NativeAddon | undefined;
let reason = '';
try {
  addon = loadNativeAddon();
} catch (error) {
  reason = messageOf(error);
}

for (const instructionSet of INSTRUCTION_SETS) {
  describe(`native kernels with ${instructionSet}`, () => {
    const kernels = () => createNativeKernels(addon!, instructionSet);
    before(function () {
      if (addon === undefined) return skip(this, reason);
      if (!addon.supportedIsas().includes(instructionSet)) {
        skip(this, `this processor has no ${instructionSet}`);
      }
    });

    it('measure a positive, finite peak', () => {
      const peak = kernels().measurePeak!();
      assert.ok(peak > 0 && Number.isFinite(peak), String(peak));
    });

    it('hold accumulators at the ends of int32 with the largest multiplier below 1', () => {
      // Of 100 columns the last are no whole panel: every way to store.
      const ends = [2 ** 31 - 1, -(2 ** 31), 2 ** 24 + 1, 127, -1, 0];
      const bias = Int32Array.from({ length: 100 }, (_, m) => ends[m % ends.length]);
      const largest = 1 - 2 ** -24;
      for (const multiplier of [largest, 1, 2]) {
        for (const [outputZeroPoint, low, high] of [
          [0, 0, 255],
          [255, 3, 251],
          [128, 100, 130],
        ] as const) {
          const call = {
            input: new Uint8Array(12).fill(9),
            batch: 3,
            inputDepth: 4,
            inputZeroPoint: 9,
            filter: randomBytes(400, 1),
            filterZeroPoint: 133,
            bias,
            multiplier,
            outputZeroPoint,
            low,
            high,
            output: new Uint8Array(300),
            outputDepth: 100,
          };
          assertEqual(kernels(), { op: 'fullyConnected', call });
        }
      }
    });

    it('run whole networks on more threads than there are images, and than rows', () => {
      fc.assert(
        fc.property(randomRoundings({ withEveryOp: true }), (model) =>
          assertNetworkEqual(model, kernels(), { threads: 3, batches: [1, 2, 5, 1] }),
        ),
        { numRuns: 25 },
      );
    });
  });
}

describe('createNativeKernels', () => {
  before(function () {
    if (addon === undefined) skip(this, reason);
  });

  it('refuses an instruction set that the processor lacks', () => {
    const old: NativeAddon = { ...addon!, supportedIsas: () => ['scalar'] };
    assert.throws(() => createNativeKernels(old, 'avx2'), {
      name: 'QuantizationError',
      message: 'Expected one of scalar for instructionSet but received avx2 of type string',
    });
  });

  it('refuses sizes that its int32 arithmetic cannot hold', () => {
    const pixel = {
      input: new Uint8Array(1),
      inputShape: [1, 1, 1, 1],
      inputZeroPoint: 0,
    } as const;
    const filter = {
      filter: new Uint8Array(1),
      filterShape: [1, 1, 1, 1],
      filterZeroPoint: 0,
    } as const;
    const huge = {
      ...pixel,
      ...filter,
      bias: new Int32Array(1),
      strides: [2 ** 32, 1] as const,
      padding: { ...NO_PADDING, top: 2 ** 31 },
      multiplier: 1,
      outputZeroPoint: 0,
      low: 0,
      high: 255,
      output: new Uint8Array(1),
      outputShape: [1, 1, 1, 1] as const,
    };
    assert.throws(() => createNativeKernels(addon!).run({ op: 'conv2d', call: huge }), {
      name: 'QuantizationError',
      message: /^Expected at most \d+ for a size but received 2147483648/,
    });
  });
});

describe('a program of the native kernels', () => {
  const model = fc.sample(randomModels({ withEveryOp: true }), { seed: 1, numRuns: 1 })[0];
  const program = () => modelProgram(model, [model.nodes.at(-1)!.name]);

  before(function () {
    if (addon === undefined) skip(this, reason);
  });

  it('profiles: a time for each call, and leaves the results of later runs alone', () => {
    const { calls, input, outputs } = program();
    const compiled = createNativeKernels(addon!).compile!(program(), { threads: 2 });
    const image = randomBytes(input.length, 1);
    const run = () => {
      const results = outputs.map(({ length }) => new Uint8Array(length));
      compiled.run(image, 1, results);
      return results;
    };
    const before = run();
    const milliseconds = compiled.profile(randomBytes(input.length, 2));
    assert.equal(milliseconds.length, calls.length);
    assert.ok(milliseconds.every((time) => time >= 0 && Number.isFinite(time)));
    assert.deepEqual(run(), before);
  });

  it('is freed by close, twice too; then it neither runs nor profiles', () => {
    const { input, outputs } = program();
    const compiled = createNativeKernels(addon!).compile!(program(), { threads: 2 });
    compiled.close();
    compiled.close();
    const image = new Uint8Array(input.length);
    const results = outputs.map(({ length }) => new Uint8Array(length));
    const message = 'Expected an open program but it was closed';
    assert.throws(() => compiled.run(image, 1, results), { name: 'QuantizationError', message });
    assert.throws(() => compiled.profile(image), { name: 'QuantizationError', message });
  });

  it('is refused where memory or threads are short, and its layers are freed', () => {
    const message = 'Out of memory or threads for a program';
    const closed = new Set<unknown>();
    const made = new Set<unknown>();
    const makers = Object.entries(addon!)
      .filter(([name]) => name.startsWith('create'))
      .map(([name, create]) => [
        name,
        (...given: unknown[]) => {
          const handle = (create as (...values: unknown[]) => unknown)(...given);
          made.add(handle);
          return handle;
        },
      ]);
    const poor: NativeAddon = {
      ...addon!,
      ...Object.fromEntries(makers),
      createProgram() {
        throw new Error(message);
      },
      close: (handle) => void closed.add(handle),
    };
    assert.throws(() => createNativeKernels(poor).compile!(program(), { threads: 2 }), {
      name: 'QuantizationError',
      message: `Expected memory and 2 threads: ${message}`,
      remedy: 'Ask for fewer threads.',
    });
    assert.ok(made.size >= program().calls.length);
    assert.deepEqual(closed, made);
  });

  it('may belong to a worker thread, and ends with it', async () => {
    // A concatenation of one byte: the program runs, then the worker ends with the program open.
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const addon = require(workerData);
      const op = addon.createConcat(1, Int32Array.of(1), Uint8Array.from({ length: 256 }, (_, q) => q + 7));
      const slots = Float64Array.of(0, 1, 64, 1);
      const program = addon.createProgram([op], slots, 128, slots.subarray(0, 2), slots.subarray(2), 3);
      const output = new Uint8Array(1);
      addon.runProgram(program, Uint8Array.of(35), 1, [output]);
      parentPort.postMessage(output[0]);
      setInterval(() => addon.runProgram(program, Uint8Array.of(35), 1, [output]), 1);`;
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(code, { eval: true, workerData: nativeAddonFile() });
      const [byte] = await once(worker, 'message');
      await worker.terminate();
      assert.equal(byte, 42);
    }
  });

  it('refuses to profile what is not one image', () => {
    const { input } = program();
    const compiled = createNativeKernels(addon!).compile!(program(), { threads: 1 });
    assert.throws(() => compiled.profile(new Uint8Array(2 * input.length)), {
      message: 'Expected (program, one whole image, milliseconds of each layer)',
    });
  });
});

describe('the native addon', () => {
  before(function () {
    if (addon === undefined) skip(this, reason);
  });

  const sizes = {
    ...{ batch: 1, height: 1, width: 1, channels: 1, windowHeight: 1, windowWidth: 1 },
    ...{
      strideY: 1,
      strideX: 1,
      dilationY: 1,
      dilationX: 1,
      outputHeight: 1,
      outputWidth: 1,
      outputChannels: 1,
    },
  };
  const fields = {
    ...{ ...sizes, paddingTop: 0, paddingLeft: 0, inputZeroPoint: 0, filterZeroPoint: 0 },
    ...{ outputZeroPoint: 0, low: 0, high: 255 },
  };
  const make = (changed: Partial<WindowFields> = {}, filter = new Uint8Array(1), kind = 0) =>
    addon!.createOp(
      kind,
      0,
      { ...fields, ...changed },
      filter,
      new Int32Array(1),
      Float32Array.of(0.5),
      0,
      new Int32Array(0),
    );

  it('throws, and never aborts, where arguments are of other types or numbers', () => {
    const op = make();
    const handles = [
      op,
      {},
      null,
      undefined,
      -1,
      Number.NaN,
      'x',
      [],
      new Uint8Array(1),
      Symbol('s'),
    ];
    for (const [name, member] of Object.entries(addon!)) {
      if (name === 'supportedIsas') continue; // takes none
      const call = member as (...values: unknown[]) => unknown;
      for (let count = 0; count <= 9; count++) {
        for (const value of handles) {
          if (name === 'close' && value === op) continue;
          if (name === 'measurePeak' && count === 1 && Number.isNaN(value)) continue; // 0 to N-API
          assert.throws(() => call(...new Array(count).fill(value)), Error, `${name} of ${count}`);
        }
      }
    }
  });

  it('refuses sizes below 1, and weights and tensors of other sizes', () => {
    for (const field of Object.keys(sizes)) {
      for (const size of [0, -1, 1.5, NaN, 2 ** 31]) {
        assert.throws(() => make({ [field]: size }), /fields of a window for createOp/);
      }
    }
    // A phase of a transposed convolution may begin within the image.
    assert.throws(() => make({ paddingTop: -(2 ** 30) - 1 }), /fields of a window for createOp/);
    assert.throws(() => make({ low: 256 }), /fields of a window for createOp/);
    assert.throws(
      () => make({}, new Uint8Array(2)),
      /filter, bias and multipliers of the layer's shape/,
    );
    // Two channels of input, one of output: depthwise, average, maximum.
    for (const kind of [1, 2, 3]) {
      assert.throws(
        () => make({ channels: 2 }, undefined, kind),
        /the input's channels, or a multiple/,
      );
    }
    const concat = (channels: readonly number[]) => () =>
      addon!.createConcat(1, Int32Array.from(channels), new Uint8Array(256 * channels.length));
    assert.throws(concat([]), /Expected \(positions, channels/);
    assert.throws(concat([1, 0]), /from 1 to 2\^31 - 1 channels/);
    assert.throws(concat([2 ** 31 - 1, 1]), /from 1 to 2\^31 - 1 channels/);
    const [one, two] = [new Uint8Array(1), new Uint8Array(2)];
    assert.throws(() => addon!.runOp(make(), [one], two), /the layer's inputs and output/);
    assert.throws(() => addon!.runOp(make(), [two], one), /inputs of the layer's size/);
  });

  it('refuses programs whose slots are not those of their layers, or lie outside of the arena', () => {
    const create = (slots: readonly number[], arenaBytes: number) =>
      addon!.createProgram(
        ...([[make()], Float64Array.from(slots), arenaBytes] as const),
        ...([Float64Array.of(0, 1), Float64Array.of(64, 1), 2] as const),
      );
    addon!.close(create([0, 1, 64, 1], 65));
    const message = "Expected slots of the layers' sizes within the arena";
    for (const slots of [
      [0, 1],
      [0, 2, 64, 1],
      [0, 1, 64, 1, 0, 1],
      [0, 1, Number.NaN, 1],
      [-1, 1, 64, 1],
    ]) {
      assert.throws(() => create(slots, 65), { message });
    }
    assert.throws(() => create([0, 1, 64, 1], 64), { message });
  });

  it('refuses images and outputs that are not whole', () => {
    const slots = Float64Array.of(0, 1, 64, 1);
    const ends = [slots.subarray(0, 2), slots.subarray(2), 1] as const;
    const program = addon!.createProgram([make()], slots, 65, ...ends);
    const [one, two] = [new Uint8Array(1), new Uint8Array(2)];
    assert.throws(() => addon!.runProgram(program, two, 1, [one]), /whole images and every output/);
    assert.throws(() => addon!.runProgram(program, one, 1, []), /whole images and every output/);
    assert.throws(() => addon!.runProgram(program, one, 1, [two]), /outputs of the program's size/);
    addon!.close(program);
    assert.throws(() => addon!.runProgram(program, one, 1, [one]), /Expected \(program, images/);
  });
});

describe('quantize of the native kernels', () => {
  const quantize = (real: Float32Array, params: { scale: number; zeroPoint: number }) => {
    const output = new Uint8Array(real.length);
    createNativeKernels(addon!).quantize!(real, params, output);
    return output;
  };

  before(function () {
    if (addon === undefined) skip(this, reason);
  });

  it('gives the bytes of quantizeArray, at ties, at the bounds and beyond them', () => {
    const value = fc.oneof(
      fc.integer({ min: -600, max: 600 }).map((halves) => halves / 2),
      fc.float({ noNaN: true }),
    );
    const scale = fc.oneof(
      fc.constantFrom(1, 0.25),
      fc.float({ min: Math.fround(1e-30), max: Math.fround(1e30), noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(value), scale, fc.nat(255), (values, scale, zeroPoint) => {
        const real = Float32Array.from(values);
        const scaled = Float32Array.from(values, (x) => x * scale);
        for (const each of [real, scaled]) {
          assert.deepEqual(
            quantize(each, { scale, zeroPoint }),
            quantizeArray(each, { scale, zeroPoint }),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what quantizeArray refuses, in the same words', () => {
    assert.throws(() => quantize(Float32Array.of(0, Number.NaN), { scale: 1, zeroPoint: 0 }), {
      name: 'QuantizationError',
      message: /element 1 of the values to quantize but received NaN/,
    });
    assert.throws(() => quantize(new Float32Array(1), { scale: 1, zeroPoint: 256 }), {
      name: 'QuantizationError',
      message: /for zeroPoint but received 256/,
    });
  });
});

describe('loadNativeAddon', () => {
  it('names the file that is missing, and the remedy', () => {
    assert.throws(() => loadNativeAddon('/nowhere/kernels.node'), {
      name: 'QuantizationError',
      message: 'Expected the compiled native kernels at /nowhere/kernels.node',
      remedy: 'npm run build:native; it needs a C compiler',
    });
  });
});
