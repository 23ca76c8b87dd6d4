import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  inverseOrder,
  permuteAxes,
  permuteFloats,
} from '../../../quantize/export/tensor_layout.ts';
import { randomBytes } from '../kernels/make_call.ts';

const shapes = fc.tuple(...[4, 3, 5, 2].map((max) => fc.integer({ min: 1, max })));
const orders = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });

describe('permuteAxes', () => {
  it('moves the element at each index to the index with its axes in the new order', () =>
    fc.assert(
      fc.property(shapes, orders, (shape, order) => {
        const [a, b, c, d] = shape;
        const data = randomBytes(a * b * c * d, 1);
        const permuted = permuteAxes(data, shape, order);
        const sides = order.map((axis) => shape[axis]);
        for (let from = 0; from < data.length; from++) {
          const index = [
            Math.floor(from / (b * c * d)),
            Math.floor(from / (c * d)) % b,
            Math.floor(from / d) % c,
            from % d,
          ];
          const to = order.reduce((sum, axis, i) => sum * sides[i] + index[axis], 0);
          assert.equal(permuted[to], data[from]);
        }
      }),
    ));

  it('moves real numbers alike', () => {
    const bytes = randomBytes(24, 2);
    const [shape, order] = [
      [2, 3, 1, 4],
      [3, 0, 2, 1],
    ];
    const permuted = permuteFloats(Float32Array.from(bytes), shape, order);
    assert.deepEqual(permuted, Float32Array.from(permuteAxes(bytes, shape, order)));
  });

  it('is undone by the inverse order', () =>
    fc.assert(
      fc.property(shapes, orders, (shape, order) => {
        const data = randomBytes(
          shape.reduce((product, side) => product * side),
          2,
        );
        const permuted = permuteAxes(data, shape, order);
        const sides = order.map((axis) => shape[axis]);
        assert.deepEqual(permuteAxes(permuted, sides, inverseOrder(order)), data);
      }),
    ));
});
