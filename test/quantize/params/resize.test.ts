import assert from 'node:assert/strict';
import fc from 'fast-check';
import { resize } from '../../../quantize/ops/resize.ts';
import {
  type ResizeCorners,
  resizeTaps,
  TAP_NUMBERS,
  WEIGHT_UNIT,
} from '../../../quantize/params/resize.ts';
import { randomBytes } from '../kernels/make_call.ts';

const side = () => fc.integer({ min: 1, max: 300 });
const corners = () => fc.constantFrom('halfPixel', 'asymmetric', 'aligned');

/** Where place i of `count` lies among `size`, in double precision. */
function placeOf(kind: ResizeCorners, size: number, count: number, i: number): number {
  const place =
    kind === 'aligned' && count > 1
      ? (i * (size - 1)) / (count - 1)
      : kind === 'halfPixel'
        ? ((i + 0.5) * size) / count - 0.5
        : (i * size) / count;
  return Math.min(Math.max(place, 0), size - 1);
}

describe('resizeTaps', () => {
  it('puts each place between two of the input, off by half a part of 2048 and what singles round', () => {
    fc.assert(
      fc.property(corners(), side(), side(), (kind, size, count) => {
        const taps = resizeTaps('bilinear', kind, size, count);
        for (let i = 0; i < count; i++) {
          const [first, second, weight] = taps.subarray(TAP_NUMBERS * i);
          assert.ok(second === Math.min(first + 1, size - 1) && first >= 0 && first < size);
          assert.ok(weight >= 0 && weight <= WEIGHT_UNIT);
          const place = first + (second > first ? weight / WEIGHT_UNIT : 0);
          const exact = placeOf(kind, size, count, i);
          assert.ok(Math.abs(place - exact) <= 2 ** -12 + 2 ** -13, `${place}, not ${exact}`);
        }
      }),
    );
  });

  it('takes one place, with no weight for another, where the nearest is wanted', () => {
    assert.deepEqual(
      [...resizeTaps('nearest', 'asymmetric', 3, 4)],
      [0, 0, 0, 0, 0, 0, 1, 1, 0, 2, 2, 0],
    );
    assert.deepEqual(
      [...resizeTaps('nearest', 'aligned', 3, 4)],
      [0, 0, 0, 1, 1, 0, 1, 1, 0, 2, 2, 0],
    );
    assert.deepEqual([...resizeTaps('nearest', 'halfPixel', 3, 2)], [0, 0, 0, 2, 2, 0]);
    assert.deepEqual([...resizeTaps('nearest', 'aligned', 3, 1)], [0, 0, 0]);
  });

  it('gives bytes within ¾ of a step of the exact mean of four (eq. 13)', () => {
    fc.assert(
      fc.property(corners(), side(), side(), fc.nat(9999), (kind, height, width, seed) => {
        const inputShape = [1, height, width, 1] as const;
        const input = randomBytes(height * width, seed, seed % 2 === 0 ? 'ends' : 'uniform');
        const size = [1 + (seed % 9), 1 + (seed % 11)] as const;
        const output = new Uint8Array(size[0] * size[1]);
        const rows = resizeTaps('bilinear', kind, height, size[0]);
        const columns = resizeTaps('bilinear', kind, width, size[1]);
        resize.compute({ input, inputShape, rows, columns, output });
        for (const [at, byte] of output.entries()) {
          const y = placeOf(kind, height, size[0], Math.floor(at / size[1]));
          const x = placeOf(kind, width, size[1], at % size[1]);
          const q = (iy: number, ix: number) =>
            input[Math.min(iy, height - 1) * width + Math.min(ix, width - 1)];
          const [top, left] = [Math.floor(y), Math.floor(x)];
          const along = (row: number) =>
            q(row, left) * (1 - (x - left)) + q(row, left + 1) * (x - left);
          const exact = along(top) * (1 - (y - top)) + along(top + 1) * (y - top);
          assert.ok(Math.abs(byte - exact) <= 0.75, `${byte}, not ${exact}`);
        }
      }),
    );
  });
});
