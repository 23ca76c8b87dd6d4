import assert from 'node:assert/strict';
import fc from 'fast-check';
import { modelProgram } from '../../../quantize/execute/model_program.ts';
import { type PlanOptions, Tf8Plan } from '../../../quantize/execute/plan.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { outputNode, tensorNames } from '../../../quantize/model/tf8_model.ts';
import { dequantizeArray } from '../../../quantize/params/quantization.ts';
import { randomBytes } from '../kernels/make_call.ts';
import { randomModels } from '../model/random_models.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { numRuns: 1, seed: 6 })[0];
const PIXELS = MODEL.input.shape.reduce((product, side) => product * side, 1);
const LOGITS = outputNode(MODEL).name;

const planOf = (options: PlanOptions = {}) =>
  new Tf8Plan(MODEL, { kernels: REFERENCE_KERNELS, ...options });

describe('Tf8Plan', () => {
  it('gives the logits, and of the other tensors those that are asked for', () => {
    const first = MODEL.nodes[0].name;
    assert.deepEqual([...planOf().run(new Uint8Array(PIXELS)).keys()], [LOGITS]);
    const plan = planOf({ outputs: [first, MODEL.input.name, LOGITS] });
    const images = randomBytes(2 * PIXELS, 3);
    const results = plan.run(images);
    assert.deepEqual([...results.keys()], [first, MODEL.input.name, LOGITS]);
    assert.deepEqual(results.get(MODEL.input.name), images);
    assert.equal(plan.classes, results.get(LOGITS)!.length / 2);
  });

  it('needs less memory where fewer tensors are given back', () => {
    const every = modelProgram(MODEL, tensorNames(MODEL));
    assert.ok(modelProgram(MODEL, [LOGITS]).arena.length < every.arena.length);
  });

  it('writes runs of one batch size into the same arrays', () => {
    const plan = planOf();
    const first = plan.run(randomBytes(PIXELS, 1));
    const bytes = first.get(LOGITS)!.slice();
    assert.equal(plan.run(randomBytes(PIXELS, 2)), first);
    assert.deepEqual(plan.run(randomBytes(PIXELS, 1)).get(LOGITS), bytes);
    assert.equal(plan.run(randomBytes(3 * PIXELS, 2)).get(LOGITS)!.length, 3 * plan.classes);
  });

  it('takes real images and gives real logits (eq. 2)', () => {
    const plan = planOf({ outputs: [MODEL.input.name] });
    const bytes = randomBytes(2 * PIXELS, 5);
    const { scale, zeroPoint } = MODEL.input.quantization;
    // A quarter of a step beside the bytes' values: they still round to them.
    const real = Float32Array.from(bytes, (q, i) => scale * (q - zeroPoint + (i % 3) / 4 - 0.25));
    const { quantization } = outputNode(MODEL).output;
    const logits = plan.run(bytes).get(LOGITS)!.slice();
    assert.deepEqual(plan.predict(real), dequantizeArray(logits, quantization));
    assert.deepEqual(plan.predict(bytes), dequantizeArray(logits, quantization));
    assert.deepEqual(plan.run(real).get(MODEL.input.name), bytes);
    assert.deepEqual(
      plan.dequantize(MODEL.input.name, plan.run(real)),
      dequantizeArray(bytes, MODEL.input.quantization),
    );
  });

  it('classifies each image of a batch by the softmax of its logits', () => {
    const plan = planOf();
    const images = randomBytes(2 * PIXELS, 7);
    const logits = plan.predict(images);
    const classified = plan.classify(images, 2);
    assert.equal(classified.length, 2);
    for (const [n, guesses] of classified.entries()) {
      const own = logits.subarray(n * plan.classes, (n + 1) * plan.classes);
      const best = own.indexOf(Math.max(...own));
      const sum = own.reduce((total, logit) => total + Math.exp(logit - own[best]), 0);
      assert.equal(guesses.length, Math.min(2, plan.classes));
      assert.equal(guesses[0].index, best);
      assert.ok(Math.abs(guesses[0].probability - 1 / sum) < 1e-6);
    }
  });

  it('gives every output of the model, and classifies by the one with as many numbers as classes', () => {
    const [image, vector] = [MODEL.nodes[0].name, LOGITS];
    const { shape } = outputNode(MODEL).output;
    const classNames = Array.from({ length: shape[2] }, (_, index) => `class ${index}`);
    const model = { ...MODEL, outputs: [image, vector], labelOffset: 0, classNames };
    const plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS });
    const bytes = randomBytes(PIXELS, 3);
    assert.deepEqual([...plan.run(bytes).keys()], [image, vector]);
    const [[{ index, probability }]] = planOf().classify(bytes, 1);
    assert.deepEqual(plan.classify(bytes, 1), [[{ index, name: `class ${index}`, probability }]]);
  });

  it('takes what a sigmoid makes for the probability', () => {
    const quantization = { scale: Math.fround(1 / 255), zeroPoint: 0 };
    const { input, nodes } = MODEL;
    const before = nodes.at(-1)!;
    const sigmoid = {
      op: 'lookup' as const,
      name: 'sigmoid',
      inputs: [before.name],
      function: 'sigmoid' as const,
      table: new Uint8Array(256).fill(51),
      output: { shape: before.output.shape, quantization },
    };
    const model = { ...MODEL, input, nodes: [...nodes, sigmoid] };
    const plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS });
    const [[first]] = plan.classify(randomBytes(PIXELS, 3), 1);
    assert.ok(Math.abs(first.probability - 0.2) < 1e-6);
  });

  it('refuses to classify with a model that gives images alone', () => {
    const outputs = [MODEL.nodes[0].name];
    const plan = new Tf8Plan({ ...MODEL, outputs }, { kernels: REFERENCE_KERNELS });
    assert.throws(() => plan.classify(randomBytes(PIXELS, 3)), {
      name: 'QuantizationError',
      message: new RegExp(
        `^Expected an output with a number for each class, \\[1, 1, C\\], of .* but it gives ${outputs} \\[`,
        's',
      ),
      remedy: 'Take its outputs from run(), as real numbers by dequantize().',
    });
  });

  it('ends with the block that uses it', () => {
    let kept: Tf8Plan;
    {
      using plan = planOf();
      kept = plan;
      plan.run(new Uint8Array(PIXELS));
    }
    assert.throws(() => kept.run(new Uint8Array(PIXELS)), /but it was closed$/);
  });

  it('refuses a tensor that the model does not have, naming those that it has', () => {
    assert.throws(() => planOf({ outputs: ['nothing'] }), {
      name: 'QuantizationError',
      message: /^Expected a tensor of .* for outputs but received nothing of type string$/s,
    });
    const plan = planOf();
    assert.throws(() => plan.dequantize('nothing', plan.run(new Uint8Array(PIXELS))), {
      name: 'QuantizationError',
      message: `Expected one of ${LOGITS} for name but received nothing of type string`,
    });
  });

  it('refuses one name in the place of several', () => {
    assert.throws(() => planOf({ outputs: LOGITS as never }), {
      name: 'QuantizationError',
      message: `Expected an array of names for outputs but received ${LOGITS} of type string`,
    });
  });

  it('refuses a number of threads that is none', () => {
    for (const threads of [0, 1.5, 1025]) {
      assert.throws(() => planOf({ threads }), {
        name: 'QuantizationError',
        message: `Expected integer in [1, 1024] for threads but received ${threads} of type number`,
      });
    }
  });

  it('refuses what is no whole images, naming the shape', () => {
    for (const length of [0, PIXELS - 1, PIXELS + 1]) {
      for (const images of [new Uint8Array(length), new Float32Array(length)]) {
        assert.throws(() => planOf().run(images), {
          name: 'QuantizationError',
          message: `Expected whole images of [${MODEL.input.shape}], ${PIXELS} values each, for ${MODEL.name} but received ${length} values`,
        });
      }
    }
  });

  it('refuses images of another type, which do not say whether they are quantized', () => {
    const others = [
      [new Uint8ClampedArray(PIXELS), 'Uint8ClampedArray'],
      [new Float64Array(PIXELS), 'Float64Array'],
      [Array(PIXELS).fill(0), 'Array'],
      [undefined, 'undefined'],
    ] as const;
    for (const [images, type] of others) {
      const message = `Expected a Float32Array, or a Uint8Array of quantized values, for images but received ${type}`;
      assert.throws(() => planOf().run(images as never), { name: 'QuantizationError', message });
      assert.throws(() => planOf().profile(images as never), {
        name: 'QuantizationError',
        message: message.replace('images', 'image'),
      });
    }
  });

  it('refuses to profile anything but one image', () => {
    assert.throws(() => planOf().profile(new Uint8Array(2 * PIXELS)), {
      name: 'QuantizationError',
      message: `Expected length ${PIXELS}, one image of [${MODEL.input.shape}], for image but received ${2 * PIXELS} of type number`,
    });
  });

  it('refuses images that hold NaN, naming the position', () => {
    const images = new Float32Array(PIXELS);
    images[PIXELS - 1] = Number.NaN;
    assert.throws(() => planOf().run(images), {
      name: 'QuantizationError',
      message: new RegExp(`element ${PIXELS - 1} of the values to quantize but received NaN`),
    });
  });
});
