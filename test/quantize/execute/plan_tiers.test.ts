import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { outputNode, type Tf8Model, tensorNames } from '../../../quantize/model/tf8_model.ts';
import { describeEachTier, TIERS } from '../kernels/each_tier.ts';
import { randomBytes } from '../kernels/make_call.ts';
import { OPS, randomModels, randomModelsOfOutputs } from '../model/random_models.ts';
import { runIndependently } from './independent_model.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { seed: 3, numRuns: 1 })[0];
const PIXELS = pixelsOf(MODEL);
const LOGITS = outputNode(MODEL).name;

function pixelsOf({ input }: Tf8Model): number {
  return input.shape.reduce((product, side) => product * side, 1);
}

/** Every tensor, copied: the plan uses its arrays again. */
function layersOf(plan: Tf8Plan, input: Uint8Array): Map<string, Uint8Array> {
  return new Map([...plan.run(input)].map(([name, bytes]) => [name, bytes.slice()]));
}

describe('the model that plans are tested on', () => {
  it('has every operation', () => {
    assert.deepEqual(new Set(MODEL.nodes.map(({ op }) => op)), new Set(OPS));
  });
});

describeEachTier(
  TIERS,
  (name) => `Tf8Plan on ${name} kernels`,
  (kernels) => {
    const everyLayerOf = (model: Tf8Model) =>
      new Tf8Plan(model, { kernels: kernels(), outputs: tensorNames(model) });

    it('gives, in every layer of every model, the bytes of eq. 4 to 6 in exact rationals', () => {
      fc.assert(
        fc.property(
          fc.oneof(randomModels({ withEveryOp: true }), randomModels({ withEveryOp: false })),
          fc.integer({ min: 1, max: 2 }),
          fc.nat(1000),
          (model, batch, seed) => {
            const input = randomBytes(batch * pixelsOf(model), seed);
            using plan = everyLayerOf(model);
            const layers = plan.run(input);
            const expected = runIndependently(model, input, batch);
            assert.deepEqual(new Set(layers.keys()), new Set(expected.keys()));
            for (const [name, bytes] of expected) assert.deepEqual(layers.get(name), bytes, name);
          },
        ),
        { numRuns: 25 },
      );
    }).timeout(300_000);

    it('gives the same bytes whatever layers are asked for, with memory shared by the others', () => {
      fc.assert(
        fc.property(randomModels({ withEveryOp: true }), (model) => {
          const images = randomBytes(2 * pixelsOf(model), 1);
          using every = everyLayerOf(model);
          const expected = every.run(images);
          for (const name of tensorNames(model)) {
            using one = new Tf8Plan(model, { kernels: kernels(), outputs: [name] });
            assert.deepEqual(one.run(images).get(name), expected.get(name), name);
          }
        }),
        { numRuns: 15 },
      );
    }).timeout(300_000);

    it('gives every output of a model with several, whichever other nodes read them', () => {
      fc.assert(
        fc.property(randomModelsOfOutputs({ withEveryOp: true }), (model) => {
          const images = randomBytes(2 * pixelsOf(model), 1);
          const expected = runIndependently(model, images, 2);
          using plan = new Tf8Plan(model, { kernels: kernels() });
          const given = plan.run(images);
          assert.deepEqual([...given.keys()], model.outputs);
          for (const [name, bytes] of given) assert.deepEqual(bytes, expected.get(name), name);
        }),
        { numRuns: 10 },
      );
    }).timeout(300_000);

    it('gives a batch of 3 the bytes of three single images', () => {
      using plan = everyLayerOf(MODEL);
      const input = randomBytes(3 * PIXELS, 1);
      const together = layersOf(plan, input);
      for (const n of [0, 1, 2]) {
        const image = input.slice(n * PIXELS, (n + 1) * PIXELS);
        for (const [name, bytes] of layersOf(plan, image)) {
          const whole = together.get(name)!;
          assert.equal(whole.length, 3 * bytes.length);
          assert.deepEqual(whole.slice(n * bytes.length, (n + 1) * bytes.length), bytes, name);
        }
      }
    });

    it('gives the same bytes at every run, whatever ran between, and leaves its input', () => {
      using plan = new Tf8Plan(MODEL, { kernels: kernels() });
      const input = randomBytes(2 * PIXELS, 1);
      const first = plan.run(input).get(LOGITS)!.slice();
      plan.run(randomBytes(2 * PIXELS, 2));
      plan.run(randomBytes(PIXELS, 3));
      assert.deepEqual(plan.run(input).get(LOGITS), first);
      assert.deepEqual(input, randomBytes(2 * PIXELS, 1));
    });

    it('runs, and profiles each node, until it is closed', () => {
      const plan = new Tf8Plan(MODEL, { kernels: kernels(), threads: 2 });
      const times = plan.profile(randomBytes(PIXELS, 1));
      assert.deepEqual(
        times.map(({ name }) => name),
        MODEL.nodes.map(({ name }) => name),
      );
      for (const { milliseconds } of times) assert.ok(milliseconds >= 0);
      plan.close();
      plan.close();
      const closed = {
        name: 'QuantizationError',
        message: `Expected an open plan of ${MODEL.name} but it was closed`,
      };
      assert.throws(() => plan.run(new Uint8Array(PIXELS)), closed);
      assert.throws(() => plan.profile(new Uint8Array(PIXELS)), closed);
    });
  },
);
