import assert from 'node:assert/strict';
import { inRange } from '../../../workflows/open/model_input.ts';

describe('inRange', () => {
  it('leaves images alone for a model that takes [−1, 1]', () => {
    const images = Float32Array.of(-1, 0.5, 1);
    assert.equal(inRange(images, { min: -1, max: 1 }), images);
  });

  it('maps black and white to the ends of the range that the model wants', () => {
    const images = Float32Array.of(-1, -0.5, 0, 1);
    assert.deepEqual([...inRange(images, { min: 0, max: 1 })], [0, 0.25, 0.5, 1]);
    assert.deepEqual([...inRange(images, { min: 0, max: 255 })], [0, 63.75, 127.5, 255]);
    assert.deepEqual([...images], [-1, -0.5, 0, 1]);
  });
});
