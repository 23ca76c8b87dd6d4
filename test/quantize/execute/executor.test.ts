import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Tf8Executor } from '../../../quantize/execute/executor.ts';
import type { TierName } from '../../../quantize/kernels/kernels.ts';
import { availableTiers, selectKernels } from '../../../quantize/kernels/select.ts';
import { outputNode, type Tf8Model } from '../../../quantize/model/tf8_model.ts';
import { randomBytes } from '../kernels/make_call.ts';
import { OPS, randomModels } from '../model/random_models.ts';
import { runIndependently } from './independent_model.ts';

const TIERS: readonly TierName[] = availableTiers()
  .filter(({ available }) => available)
  .map(({ tier }) => tier);

const MODEL = fc.sample(randomModels({ withEveryOp: true }), {
  seed: 3,
  numRuns: 1,
})[0] as Tf8Model;
const PIXELS = MODEL.input.shape.reduce((product, side) => product * side, 1);

const executorOf = (model: Tf8Model, tier: TierName) =>
  new Tf8Executor(model, selectKernels(tier).kernels);

/** Every tensor, copied: the executor uses its arrays again. */
function layersOf(executor: Tf8Executor, input: Uint8Array): Map<string, Uint8Array> {
  return new Map([...executor.runLayers(input)].map(([name, bytes]) => [name, bytes.slice()]));
}

describe('Tf8Executor', () => {
  it('is tested on a model with every operation', () => {
    assert.deepEqual(new Set(MODEL.nodes.map(({ op }) => op)), new Set(OPS));
  });

  for (const tier of TIERS) {
    describe(`on the ${tier} tier`, () => {
      it('gives, in every layer of every model, the bytes of DESIGN 4 to 6 in exact rationals', () => {
        const { kernels } = selectKernels(tier);
        fc.assert(
          fc.property(
            fc.oneof(randomModels({ withEveryOp: true }), randomModels({ withEveryOp: false })),
            fc.integer({ min: 1, max: 2 }),
            fc.nat(1000),
            (model, batch, seed) => {
              const pixels = model.input.shape.reduce((product, side) => product * side, 1);
              const input = randomBytes(batch * pixels, seed);
              const layers = layersOf(new Tf8Executor(model, kernels), input);
              const expected = runIndependently(model, input, batch);
              assert.deepEqual(new Set(layers.keys()), new Set(expected.keys()));
              for (const [name, bytes] of expected) assert.deepEqual(layers.get(name), bytes, name);
            },
          ),
          { numRuns: 25 },
        );
      });

      it('gives a batch of 3 the bytes of three single images', () => {
        const executor = executorOf(MODEL, tier);
        const input = randomBytes(3 * PIXELS, 1);
        const together = layersOf(executor, input);
        for (const n of [0, 1, 2]) {
          const image = input.slice(n * PIXELS, (n + 1) * PIXELS);
          for (const [name, bytes] of layersOf(executor, image)) {
            const whole = together.get(name)!;
            assert.equal(whole.length, 3 * bytes.length);
            assert.deepEqual(whole.slice(n * bytes.length, (n + 1) * bytes.length), bytes, name);
          }
        }
      });

      it('gives the same bytes at every run, whatever ran between', () => {
        const executor = executorOf(MODEL, tier);
        const input = randomBytes(2 * PIXELS, 1);
        const first = executor.run(input);
        const copy = first.slice();
        executor.run(randomBytes(2 * PIXELS, 2));
        executor.run(randomBytes(PIXELS, 3));
        assert.deepEqual(first, copy, 'a result is the caller’s own');
        assert.deepEqual(executor.run(input), copy);
      });
    });
  }

  it('hands out every tensor by name, the input included', () => {
    const executor = executorOf(MODEL, 'reference');
    const input = randomBytes(PIXELS, 1);
    const layers = executor.runLayers(input);
    const names = ['input', ...MODEL.nodes.map(({ name }) => name)];
    assert.deepEqual(new Set(layers.keys()), new Set(names));
    assert.deepEqual(layers.get('input'), input);
    assert.deepEqual(layers.get(outputNode(MODEL).name), executor.run(input));
    assert.equal(executor.classes, outputNode(MODEL).output.shape[2]);
  });

  it('quantizes real images and gives real logits (DESIGN eq. 2)', () => {
    const executor = executorOf(MODEL, 'reference');
    const input = randomBytes(2 * PIXELS, 5);
    const { scale, zeroPoint } = MODEL.input.quantization;
    // A quarter of a step beside the bytes' values: they still round to them.
    const images = Float32Array.from(input, (q, i) => scale * (q - zeroPoint + (i % 3) / 4 - 0.25));
    const { quantization } = outputNode(MODEL).output;
    assert.deepEqual(
      executor.runFloat(images),
      Float32Array.from(
        executor.run(input),
        (q) => quantization.scale * (q - quantization.zeroPoint),
      ),
    );
  });

  it('leaves its input as it was', () => {
    const input = randomBytes(PIXELS, 1);
    executorOf(MODEL, 'wasm').run(input);
    assert.deepEqual(input, randomBytes(PIXELS, 1));
  });

  it('refuses bytes that are no whole images, naming the shape', () => {
    const executor = executorOf(MODEL, 'reference');
    for (const length of [0, PIXELS - 1, PIXELS + 1]) {
      assert.throws(() => executor.run(new Uint8Array(length)), {
        name: 'QuantizationError',
        message: `Expected whole images of [${MODEL.input.shape}], ${PIXELS} bytes each, for ${MODEL.name} but received ${length} bytes`,
      });
    }
    assert.throws(() => executor.runFloat(new Float32Array(PIXELS + 1)), /Expected whole images/);
  });

  it('refuses images that hold NaN, naming the position', () => {
    const images = new Float32Array(PIXELS);
    images[PIXELS - 1] = Number.NaN;
    assert.throws(() => executorOf(MODEL, 'reference').runFloat(images), {
      name: 'QuantizationError',
      message: new RegExp(`element ${PIXELS - 1} of the values to quantize but received NaN`),
    });
  });
});
