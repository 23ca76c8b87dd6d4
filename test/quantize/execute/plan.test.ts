import assert from 'node:assert/strict';
import fc from 'fast-check';
import { modelProgram } from '../../../quantize/execute/model_program.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference/reference_kernels.ts';
import { availableTiers } from '../../../quantize/kernels/select.ts';
import { outputNode } from '../../../quantize/model/tf8_model.ts';
import { dequantizeArray } from '../../../quantize/params/quantization.ts';
import { randomBytes } from '../kernels/make_call.ts';
import { randomModels } from '../model/random_models.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { numRuns: 1, seed: 6 })[0]!;
const PIXELS = MODEL.input.shape.reduce((product, side) => product * side, 1);
const LOGITS = outputNode(MODEL).name;

describe('Tf8Plan', () => {
  it('takes the fastest tier that works here unless told', () => {
    const fastest = availableTiers().find(({ available }) => available)!;
    assert.equal(new Tf8Plan(MODEL).kernels.tier, fastest.tier);
    assert.equal(new Tf8Plan(MODEL, { kernels: 'reference' }).kernels, REFERENCE_KERNELS);
  });

  it('gives the logits, and of the other tensors those that are asked for', () => {
    const first = MODEL.nodes[0]!.name;
    assert.deepEqual([...new Tf8Plan(MODEL).run(new Uint8Array(PIXELS)).keys()], [LOGITS]);
    const plan = new Tf8Plan(MODEL, { outputs: [first, MODEL.input.name, LOGITS] });
    const images = randomBytes(2 * PIXELS, 3);
    const results = plan.run(images);
    assert.deepEqual([...results.keys()], [first, MODEL.input.name, LOGITS]);
    assert.deepEqual(results.get(MODEL.input.name), images);
  });

  for (const { tier, available, reason } of availableTiers()) {
    it(`gives on ${tier} the same bytes with shared memory as with memory for every tensor`, function () {
      if (!available) {
        this.test!.title += ` (skipped: ${reason})`;
        this.skip();
      }
      fc.assert(
        fc.property(randomModels({ withEveryOp: true }), (model) => {
          const names = model.nodes.map(({ name }) => name);
          const images = randomBytes(2 * model.input.shape.reduce((a, b) => a * b, 1), 1);
          const whole = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs: names });
          const expected = whole.run(images);
          const shared = new Tf8Plan(model, { kernels: tier }).run(images);
          assert.deepEqual(shared.get(names.at(-1)!), expected.get(names.at(-1)!));
          for (const name of names) {
            const one = new Tf8Plan(model, { kernels: tier, outputs: [name] });
            assert.deepEqual(one.run(images).get(name), expected.get(name), name);
          }
        }),
        { numRuns: 15 },
      );
    });
  }

  it('needs less memory where fewer tensors are given back', () => {
    const every = modelProgram(
      MODEL,
      MODEL.nodes.map(({ name }) => name),
    );
    assert.ok(modelProgram(MODEL, [LOGITS]).arena.length < every.arena.length);
  });

  it('writes runs of one batch size into the same arrays', () => {
    const plan = new Tf8Plan(MODEL);
    const first = plan.run(randomBytes(PIXELS, 1));
    const bytes = first.get(LOGITS)!.slice();
    assert.equal(plan.run(randomBytes(PIXELS, 2)), first);
    assert.deepEqual(plan.run(randomBytes(PIXELS, 1)).get(LOGITS), bytes);
    assert.equal(plan.run(randomBytes(3 * PIXELS, 2)).get(LOGITS)!.length, 3 * plan.classes);
  });

  it('takes real images and gives real logits (DESIGN eq. 2)', () => {
    const plan = new Tf8Plan(MODEL, { outputs: [MODEL.input.name] });
    const bytes = randomBytes(2 * PIXELS, 5);
    const real = dequantizeArray(bytes, MODEL.input.quantization);
    const { quantization } = outputNode(MODEL).output;
    const logits = plan.run(bytes).get(LOGITS)!.slice();
    assert.deepEqual(plan.predict(real), dequantizeArray(logits, quantization));
    assert.deepEqual(plan.predict(bytes), dequantizeArray(logits, quantization));
    assert.deepEqual(plan.run(real).get(MODEL.input.name), bytes);
    assert.deepEqual(plan.dequantize(MODEL.input.name, plan.run(real)), real);
  });

  it('refuses a tensor that the model does not have, naming those that it has', () => {
    assert.throws(() => new Tf8Plan(MODEL, { outputs: ['nothing'] }), {
      name: 'QuantizationError',
      message: /^Expected a tensor of .* for outputs but received nothing of type string$/s,
    });
    const plan = new Tf8Plan(MODEL);
    assert.throws(() => plan.dequantize('nothing', plan.run(new Uint8Array(PIXELS))), {
      name: 'QuantizationError',
      message: `Expected one of ${LOGITS} for name but received nothing of type string`,
    });
  });

  it('refuses a number of threads that is none', () => {
    for (const threads of [0, 1.5, 1025]) {
      assert.throws(() => new Tf8Plan(MODEL, { threads }), {
        name: 'QuantizationError',
        message: `Expected integer in [1, 1024] for threads but received ${threads} of type number`,
      });
    }
  });

  it('refuses bytes that are no whole images', () => {
    assert.throws(() => new Tf8Plan(MODEL).run(new Uint8Array(PIXELS + 1)), /whole images/);
  });
});
