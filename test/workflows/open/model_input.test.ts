import assert from 'node:assert/strict';
import { asInput, inputShape, rangeTitle } from '../../../workflows/open/model_input.ts';

const shape = [1, 1, 3];

describe('asInput', () => {
  it('leaves images alone for a model that takes [−1, 1]', () => {
    const images = Float32Array.of(-1, 0.5, 1);
    assert.equal(asInput(images, { shape, range: { min: -1, max: 1 } }), images);
  });

  it('maps black and white to the ends of the range that the model wants', () => {
    const images = Float32Array.of(-1, -0.5, 0, 1, 1, 1);
    const of = (min: number, max: number) => [...asInput(images, { shape, range: { min, max } })];
    assert.deepEqual(of(0, 1), [0, 0.25, 0.5, 1, 1, 1]);
    assert.deepEqual(of(0, 255), [0, 63.75, 127.5, 255, 255, 255]);
    assert.deepEqual([...images], [-1, -0.5, 0, 1, 1, 1]);
  });

  it('maps each channel to a range of its own, in the order of the network', () => {
    const images = Float32Array.of(-1, 0, 1, 1, 1, -1);
    const channels = [
      { min: 0, max: 1 },
      { min: -2, max: 2 },
      { min: 10, max: 20 },
    ];
    const range = { min: -2, max: 20, channels };
    assert.deepEqual([...asInput(images, { shape, range })], [0, 0, 20, 1, 2, 10]);
    const bgr = { ...range, order: 'bgr' } as const;
    assert.deepEqual([...asInput(images, { shape, range: bgr })], [1, 0, 10, 0, 2, 20]);
    assert.equal(rangeTitle(bgr), '[0, 1] × [-2, 2] × [10, 20] in BGR');
  });

  it('makes grey of colours for a network of one channel', () => {
    const images = Float32Array.of(0.5, 0.5, 0.5, 1, -1, 0);
    const grey = asInput(images, { shape: [1, 2, 1], range: { min: -1, max: 1 } });
    assert.equal(grey[0], 0.5);
    assert.ok(Math.abs(grey[1] - (0.2989 - 0.587)) < 1e-6);
    assert.deepEqual(inputShape([7, 1, 2, 3], { shape: [1, 2, 1] }), [7, 1, 2, 1]);
  });
});
