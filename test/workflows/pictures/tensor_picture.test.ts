import assert from 'node:assert/strict';
import { rangeOf } from '../../../quantize/convert/observed_range.ts';
import {
  argMaxPicture,
  channelPicture,
  isPicture,
} from '../../../workflows/pictures/tensor_picture.ts';

/** [1, 3, 2] */
const VALUES = Float32Array.of(0, 5, 1, -5, 4, 4);

describe('tensor pictures', () => {
  it('are of tensors with several rows and columns', () => {
    const shapes = [
      [2, 3, 1],
      [1, 3, 4],
      [3, 1, 4],
      [1, 1, 10],
      [2, 3],
    ];
    assert.deepEqual(shapes.map(isPicture), [true, false, false, false, false]);
  });

  it('have a channel from black to white over the range, and black where there is none', () => {
    assert.deepEqual(rangeOf(VALUES), { min: -5, max: 5 });
    const shades = channelPicture(VALUES, 2, 1, rangeOf(VALUES));
    assert.deepEqual([...shades], [255, 255, 255, 0, 0, 0, 230, 230, 230]);
    const cut = channelPicture(VALUES, 2, 1, { min: 0, max: 4 });
    assert.deepEqual([cut[0], cut[3], cut[6]], [255, 0, 255]);
    const even = channelPicture(Float32Array.of(3, 3), 1, 0, { min: 3, max: 3 });
    assert.deepEqual([...even], [0, 0, 0, 0, 0, 0]);
  });

  it('have a colour for the greatest channel, the first of equals, and black for the first', () => {
    const pixels = argMaxPicture(VALUES, 2);
    assert.deepEqual([...pixels.subarray(3)], [0, 0, 0, 0, 0, 0]);
    assert.ok(Math.max(...pixels.subarray(0, 3)) === 255);
    const colours = Array.from({ length: 30 }, (_, channel) => {
      const values = new Float32Array(30);
      values[channel] = 1;
      return argMaxPicture(values, 30).join();
    });
    assert.equal(new Set(colours).size, 30);
  });
});
