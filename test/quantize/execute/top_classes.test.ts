import assert from 'node:assert/strict';
import { softmax, topClasses } from '../../../quantize/execute/top_classes.ts';

const LABELS = { classNames: ['cat', 'dog'], labelOffset: 1 };

describe('topClasses', () => {
  it('gives the likeliest first, equal ones by index, with names after the background', () => {
    const probabilities = Float32Array.of(0.25, 0.125, 0.25, 0.375);
    assert.deepEqual(topClasses(probabilities, LABELS, 3), [
      { index: 3, name: 'class 3', probability: 0.375 },
      { index: 0, name: 'background', probability: 0.25 },
      { index: 2, name: 'dog', probability: 0.25 },
    ]);
  });

  it('gives every class where more are asked for', () => {
    assert.equal(topClasses(Float32Array.of(1, 0), LABELS, 5).length, 2);
  });

  it('refuses NaN and a count that is none', () => {
    assert.throws(() => topClasses(Float32Array.of(0, Number.NaN), LABELS, 1), {
      name: 'QuantizationError',
      message: /^Expected a number for the probability of class 1 but received NaN/,
    });
    assert.throws(() => topClasses(Float32Array.of(1), LABELS, 0), {
      name: 'QuantizationError',
      message: /^Expected integer ≥ 1 for count but received 0/,
    });
  });
});

describe('softmax', () => {
  it('sums to 1 and does not overflow', () => {
    assert.deepEqual(softmax(Float32Array.of(1000, 1000)), Float32Array.of(0.5, 0.5));
    assert.deepEqual(softmax(Float32Array.of(0, -Infinity)), Float32Array.of(1, 0));
  });
});
