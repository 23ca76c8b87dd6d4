import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { compile } from '../../../../training/compile/compile.ts';
import { byteClampGradient, clampedToByte } from '../../../../training/compile/ops/byte_clamp.ts';
import { needsTensorFlow } from '../../../support/needs_tensorflow.ts';
import { numbersOf, onCpu } from '../support.ts';

/** Levels at the bounds of a byte with a zero point, beside them and far from them. */
function levelsAround(zeroPoint: number): number[] {
  const [low, high] = [0 - zeroPoint, 255 - zeroPoint];
  return [low - 1e6, low - 1, low, low + 1, high - 1, high, high + 1, high + 1e6];
}

const run = ({ levels, zeroPoint, dy }: tf.NamedTensorMap): tf.NamedTensorMap => ({
  value: clampedToByte(levels, zeroPoint),
  ...byteClampGradient(dy, levels, zeroPoint),
});

describe('clampedToByte', () => {
  before(needsTensorFlow);

  for (const zero of [0, 1, 100, 254, 255]) {
    it(`clamps, and parts its gradient, the same written out, at once and compiled, with the zero point ${zero}`, async () => {
      const levels = levelsAround(zero);
      const dy = levels.map((_, n) => 2 ** n);
      const expected = {
        value: [levels[2], levels[2], ...levels.slice(2, 6), levels[5], levels[5]],
        inside: [0, 0, ...dy.slice(2, 6), 0, 0],
        below: [dy[0] + dy[1]],
        above: [dy[6] + dy[7]],
      };
      const inputs = () => ({
        levels: tf.tensor1d(levels),
        zeroPoint: tf.scalar(zero),
        dy: tf.tensor1d(dy),
      });
      const compiled = compile(run);
      await onCpu(() => assert.deepEqual(numbersOf(run(inputs())), expected));
      assert.deepEqual(numbersOf(run(inputs())), expected);
      assert.deepEqual(numbersOf(compiled.call(inputs())), expected);
      compiled.dispose();
    });
  }
});
