import assert from 'node:assert/strict';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { STANDARD } from '../../../architectures/variants.ts';
import { type GraphConstant, readConstants } from '../../../checkpoints/graph_def/graph_def.ts';
import { writeModelWeights } from '../../../checkpoints/model_weights.ts';
import { slimNetworkWeights } from '../../../checkpoints/public/slim_weights.ts';
import { InvalidValueError, UserError } from '../../../foundation/errors.ts';
import { frozenGraph, slimTensors, TINY } from '../support.ts';

const TINY_NETWORK = { network: 'mobilenet_v1', variant: STANDARD, ...TINY } as const;

/** The constants of a whole checkpoint, changed by `edit`. */
function constantsOf(edit: (constants: Map<string, GraphConstant>) => void = () => {}) {
  const constants = new Map<string, GraphConstant>();
  for (const [name, tensor] of slimTensors(TINY))
    constants.set(name, { dtype: 'float32', ...tensor });
  edit(constants);
  return constants;
}

function problems(edit: (constants: Map<string, GraphConstant>) => void): string[] {
  try {
    slimNetworkWeights(constantsOf(edit), TINY_NETWORK, 'graph.pb');
  } catch (error) {
    assert.ok(error instanceof UserError);
    assert.match(error.remedy!, /Get the file again/);
    return error.message.split('\n  ');
  }
  return assert.fail('expected an error');
}

const KERNEL = 'MobilenetV1/Conv2d_1_depthwise/depthwise_weights';
const VARIANCE = 'MobilenetV1/Conv2d_2_pointwise/BatchNorm/moving_variance';
const EPSILON = 'MobilenetV1/MobilenetV1/Conv2d_0/BatchNorm/batchnorm/add/y';

describe('slimNetworkWeights of a MobileNetV1', () => {
  for (const [widthMultiplier, classes] of [
    [TINY.widthMultiplier, TINY.classes],
    [0.25, 11],
  ] as const) {
    it(`gives every weight of a network of width ${widthMultiplier} with ${classes} classes`, () => {
      const config = { ...TINY_NETWORK, widthMultiplier, resolution: 32, classes };
      const slim = slimTensors(config);
      const weights = slimNetworkWeights(
        readConstants(frozenGraph(slim), 'graph.pb'),
        config,
        'graph.pb',
      );
      assert.deepEqual(weights.get('Conv2d_1_depthwise/depthwise_kernel'), slim.get(KERNEL));
      const model = buildMobileNetV1(config);
      try {
        writeModelWeights(model, weights);
        assert.deepEqual(
          model.weights.map(({ originalName }) => originalName).sort(),
          [...weights.keys()].sort(),
        );
        for (const variable of model.weights) {
          const { shape, values } = weights.get(variable.originalName)!;
          assert.deepEqual(variable.shape, shape);
          assert.deepEqual(variable.read().dataSync(), values, variable.originalName);
        }
      } finally {
        model.dispose();
      }
    });
  }

  it('ignores constants that the network does not need', () => {
    const extra = { dtype: 'string', shape: [3], values: undefined };
    const constants = constantsOf((all) => all.set('final_training_ops/names', extra));
    assert.equal(slimNetworkWeights(constants, TINY_NETWORK, 'g').size, slimTensors(TINY).size);
  });

  it('names a missing tensor and the file', () => {
    const [summary, problem] = problems((all) => all.delete(KERNEL));
    assert.match(summary, /width 0\.02 with 5 classes in graph\.pb but 1 tensors do not fit/);
    assert.equal(problem, `${KERNEL}: expected shape [3,3,8,1] but the tensor is missing`);
  });

  it('names a misshapen tensor with both shapes', () => {
    const [, problem] = problems((all) =>
      all.set(KERNEL, { dtype: 'float32', shape: [3, 3, 4, 2], values: new Float32Array(72) }),
    );
    assert.equal(problem, `${KERNEL}: expected shape [3,3,8,1] but received [3,3,4,2]`);
  });

  it('names a tensor of another type', () => {
    const [, problem] = problems((all) =>
      all.set(KERNEL, { dtype: 'float16', shape: [3, 3, 8, 1], values: undefined }),
    );
    assert.equal(problem, `${KERNEL}: expected float32 but received float16`);
  });

  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`names a tensor with ${value}`, () => {
      const [, problem] = problems((all) => {
        all.get(KERNEL)!.values![5] = value;
      });
      assert.equal(problem, `${KERNEL}: expected finite values but element 5 is ${value}`);
    });
  }

  it('names a negative variance', () => {
    const [, problem] = problems((all) => {
      all.get(VARIANCE)!.values![2] = -1;
    });
    assert.equal(problem, `${VARIANCE}: expected finite values of at least 0 but element 2 is -1`);
  });

  it('names a batch norm whose epsilon is not the network’s', () => {
    const epsilon = (value: number) => ({
      dtype: 'float32',
      shape: [],
      values: Float32Array.of(value),
    });
    const [, problem] = problems((all) => all.set(EPSILON, epsilon(0.5)));
    assert.equal(problem, `${EPSILON}: expected epsilon 0.001 but received 0.5`);
    const constants = constantsOf((all) => all.set(EPSILON, epsilon(0.001)));
    assert.ok(slimNetworkWeights(constants, TINY_NETWORK, 'g'));
  });

  it('lists the first ten problems and counts the others', () => {
    const [, ...listed] = problems((all) => {
      for (const name of [...all.keys()].slice(0, 13)) all.delete(name);
    });
    assert.equal(listed.length, 11);
    assert.equal(listed.at(-1), 'and 3 more');
  });
});

describe('writeModelWeights', () => {
  it('changes nothing where a weight is missing or misshapen', () => {
    const weights = slimNetworkWeights(constantsOf(), TINY_NETWORK, 'g');
    const model = buildMobileNetV1({ variant: STANDARD, ...TINY });
    try {
      const before = model.weights[0].read().dataSync();
      const name = 'Conv2d_1c_1x1/bias';
      weights.set(name, { shape: [6], values: new Float32Array(6) });
      assert.throws(
        () => writeModelWeights(model, weights),
        new InvalidValueError(`Expected shape [5] for ${name} but received [6]`),
      );
      weights.delete(name);
      assert.throws(
        () => writeModelWeights(model, weights),
        new InvalidValueError(`Expected shape [5] for ${name} but it is missing`),
      );
      assert.deepEqual(model.weights[0].read().dataSync(), before);
    } finally {
      model.dispose();
    }
  });
});
