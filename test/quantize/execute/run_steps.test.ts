import assert from 'node:assert/strict';
import fc from 'fast-check';
import { modelProgram } from '../../../quantize/execute/model_program.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { runSteps } from '../../../quantize/execute/run_steps.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { outputNames, tensorNames } from '../../../quantize/model/tf8_model.ts';
import { describeEachTier, TIERS } from '../kernels/each_tier.ts';
import { randomBytes } from '../kernels/make_call.ts';
import { buildModel, type Step } from '../model/random_models.ts';

const STEP: Omit<Step, 'op'> = {
  filters: 70,
  window: [3, 3],
  strides: [1, 1],
  padding: 'same',
  activation: 'linear',
  zeroPoint: 90,
  weightZeroPoint: 100,
  seed: 5,
};

const modelOf = (...ops: Step['op'][]) =>
  buildModel(
    [9, 8, 3],
    128,
    [...ops, 'fullyConnected' as const].map((op) => ({
      ...STEP,
      op,
      filters: op === 'depthwiseConv2d' ? 1 : STEP.filters,
    })),
    { name: 'tables', classNames: [], labelOffset: 0 },
  );

const MODEL = modelOf('conv2d', 'lookup', 'depthwiseConv2d', 'requantize', 'maxPool2d', 'lookup');
const stepsOf = (model: typeof MODEL, kept: string[] = []) =>
  runSteps(model, new Set([...kept, ...outputNames(model)])).map(
    ({ node, table }) => `${node.op}${table === undefined ? '' : ` + ${table.op}`}`,
  );

describe('runSteps', () => {
  it('takes a table together with the layer with weights before it', () => {
    assert.deepEqual(stepsOf(MODEL), [
      'conv2d + lookup',
      'depthwiseConv2d + requantize',
      'maxPool2d',
      'lookup',
      'fullyConnected',
    ]);
  });

  it('leaves a table alone where the layer is read by another node, or given back', () => {
    const [conv, table, ...others] = MODEL.nodes;
    const twice = {
      ...MODEL,
      nodes: [conv, table, { ...table, name: 'again' }, ...others],
      outputs: ['again', others.at(-1)!.name],
    };
    assert.deepEqual(stepsOf(twice).slice(0, 3), ['conv2d', 'lookup', 'lookup']);
    assert.deepEqual(stepsOf(MODEL, [conv.name]).slice(0, 2), ['conv2d', 'lookup']);
  });

  it('says of each call which node it is, and times every node', () => {
    const program = modelProgram(MODEL, outputNames(MODEL));
    assert.deepEqual(program.nodes, [0, 2, 4, 5, 6]);
    using plan = new Tf8Plan(MODEL, { kernels: REFERENCE_KERNELS });
    const times = plan.profile(randomBytes(9 * 8 * 3, 1));
    assert.deepEqual(
      times.map(({ name }) => name),
      MODEL.nodes.map(({ name }) => name),
    );
    assert.equal(times[1].milliseconds, 0);
  });
});

describeEachTier(
  TIERS,
  (name) => `a table behind a layer, by ${name}`,
  (kernels) => {
    for (const threads of [1, 2]) {
      it(`gives the bytes that it gives by itself, threads: ${threads}`, () => {
        fc.assert(
          fc.property(
            fc.constantFrom(
              'conv2d' as const,
              'depthwiseConv2d' as const,
              'fullyConnected' as const,
            ),
            fc.integer({ min: 0, max: 9999 }),
            (op, seed) => {
              const model = modelOf(op, 'lookup', op, 'requantize');
              const images = randomBytes(3 * 9 * 8 * 3, seed);
              // Where every tensor is given back, nothing is fused.
              using apart = new Tf8Plan(model, {
                kernels: REFERENCE_KERNELS,
                outputs: [...tensorNames(model)],
              });
              using fused = new Tf8Plan(model, { kernels: kernels(), threads });
              const [name] = outputNames(model);
              assert.deepEqual(fused.run(images).get(name), apart.run(images).get(name));
              const one = images.subarray(0, images.length / 3);
              assert.deepEqual(fused.run(one).get(name), apart.run(one).get(name));
            },
          ),
          { numRuns: 4 },
        );
      }).timeout(60_000);
    }
  },
);
