import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import {
  boolAttribute,
  dtypeAttribute,
  floatAttribute,
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../../../training/compile/attributes.ts';
import { compile } from '../../../../training/compile/compile.ts';
import {
  hasLibtensorflowOps,
  isRecording,
  libtensorflowOp,
} from '../../../../training/compile/ops/libtensorflow_op.ts';
import { statelessRandomUniform } from '../../../../training/compile/ops/random_uniform.ts';
import { needsTensorFlow } from '../../../support/needs_tensorflow.ts';
import { numbersOf, onCpu } from '../support.ts';

const FLOAT32 = dtypeAttribute('float32');

describe('libtensorflowOp', () => {
  before(needsTensorFlow);

  it('runs an op that TensorFlow.js lacks: the same at once and compiled', () => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    /** An op for each kind of attribute. */
    const run = ({ x: input }: tf.NamedTensorMap) => {
      const info = { shape: [2, 2], dtype: 'float32' as const };
      const ops: Record<string, tf.Tensor[]> = {
        type: libtensorflowOp('Erfc', [input], { T: FLOAT32 }, [info]),
        float: libtensorflowOp(
          'LeakyRelu',
          [input.neg()],
          { T: FLOAT32, alpha: floatAttribute(0.5) },
          [info],
        ),
        bool: libtensorflowOp(
          'MatrixInverse',
          [input],
          { T: FLOAT32, adjoint: boolAttribute(true) },
          [info],
        ),
        int: libtensorflowOp(
          'Unpack',
          [input],
          { T: FLOAT32, num: intAttribute(2), axis: intAttribute(1) },
          [
            { ...info, shape: [2] },
            { ...info, shape: [2] },
          ],
        ),
        string: libtensorflowOp(
          'BiasAdd',
          [input, tf.tensor1d([10, 20])],
          { T: FLOAT32, data_format: stringAttribute('NHWC') },
          [info],
        ),
      };
      return Object.fromEntries(
        Object.entries(ops).flatMap(([name, outputs]) =>
          outputs.map((output, index) => [`${name} ${index}`, output]),
        ),
      );
    };
    const expected = numbersOf(run({ x }));
    const { call, dispose } = compile(run);
    assert.deepEqual(numbersOf(call({ x })), expected);
    assert.deepEqual(expected['float 0'], [-0.5, -1, -1.5, -2]);
    assert.deepEqual(expected['int 1'], [2, 4]);
    assert.deepEqual(expected['string 0'], [11, 22, 13, 24]);
    x.dispose();
    dispose();
  });

  it('refuses lists as attributes where it runs at once', () => {
    const x = tf.zeros([1, 2, 2, 1]);
    assert.throws(
      () => libtensorflowOp('MaxPool', [x], { ksize: intsAttribute([1, 2, 2, 1]) }, [x]),
      /Expected a type, a number, a boolean or a string for attribute ksize but received list/,
    );
    x.dispose();
  });

  it('is there on the TensorFlow backend and while recording', async () => {
    assert.deepEqual([hasLibtensorflowOps(), isRecording()], [true, false]);
    const { call, dispose } = compile(() => {
      assert.deepEqual([hasLibtensorflowOps(), isRecording()], [true, true]);
      return { done: tf.scalar(1) };
    });
    tf.dispose(call({}));
    dispose();
    await onCpu(() => {
      assert.deepEqual([hasLibtensorflowOps(), isRecording()], [false, false]);
    });
  });
});

describe('statelessRandomUniform', () => {
  before(needsTensorFlow);

  const SHAPE = [50, 40];
  const draw = ({ seed }: tf.NamedTensorMap) => ({ numbers: statelessRandomUniform(SHAPE, seed) });
  const drawn = (seed: readonly number[], run = draw): number[] => {
    const tensor = tf.tensor1d([...seed], 'int32');
    const { numbers } = numbersOf(run({ seed: tensor }) as { numbers: tf.Tensor });
    tensor.dispose();
    return numbers;
  };

  it('draws the same compiled, for every seed that is given', () => {
    const { call, dispose } = compile(draw);
    for (const seed of [
      [1, 0],
      [1, 1],
      [-5, 2 ** 31 - 1],
    ]) {
      assert.deepEqual(drawn(seed, call as typeof draw), drawn(seed));
    }
    dispose();
  });

  it('draws evenly from [0, 1), by the seed alone, others by another', () => {
    const numbers = drawn([1, 2]);
    assert.deepEqual(drawn([1, 2]), numbers);
    assert.notDeepEqual(drawn([2, 1]), numbers);
    assert.ok(numbers.every((number) => number >= 0 && number < 1));
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    // The mean of 2000 has a σ of 0.0065.
    assert.ok(Math.abs(mean - 0.5) < 0.03, `mean ${mean}`);
  });

  it('draws by the seed without libtensorflow too', async () => {
    await onCpu(() => {
      assert.deepEqual(drawn([1, 2]), drawn([1, 2]));
      assert.notDeepEqual(drawn([1, 3]), drawn([1, 2]));
    });
  });
});
