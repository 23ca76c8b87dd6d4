import type { RearrangeNode } from '../../../quantize/ops/rearrange.ts';
import type { ImageShape } from '../../../quantize/ops/tensor.ts';

type Place = readonly [number, number, number];

/**
 * Images [batch, H, W, C] rearranged by asking, at each place of the output, where its value came from; without
 * strides, offsets and loops that become one.
 */
export function arranged(
  { arrangement, output }: Pick<RearrangeNode, 'arrangement' | 'output'>,
  shape: ImageShape,
  images: Uint8Array,
  batch: number,
): number[] {
  const [height, width, channels] = output.shape;
  const bytes = [];
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          const [iy, ix, ic] = sourceOf(arrangement, shape, output.shape, [y, x, c]);
          const isInside = iy >= 0 && iy < shape[0] && ix >= 0 && ix < shape[1];
          const at = ((n * shape[0] + iy) * shape[1] + ix) * shape[2] + ic;
          bytes.push(isInside ? images[at] : output.quantization.zeroPoint);
        }
      }
    }
  }
  return bytes;
}

function sourceOf(
  arrangement: RearrangeNode['arrangement'],
  [, width, channels]: ImageShape,
  target: ImageShape,
  place: Place,
): Place {
  const [y, x, c] = place;
  switch (arrangement.kind) {
    case 'pad':
      return [y - arrangement.padding.top, x - arrangement.padding.left, c];
    case 'slice': {
      const along = (axis: 0 | 1 | 2) =>
        arrangement.begin[axis] + place[axis] * arrangement.strides[axis];
      return [along(0), along(1), along(2)];
    }
    case 'transpose': {
      const along = (axis: 0 | 1 | 2) => place[arrangement.permutation.indexOf(axis)];
      return [along(0), along(1), along(2)];
    }
    case 'reshape': {
      const index = (y * target[1] + x) * target[2] + c;
      const position = Math.floor(index / channels);
      return [Math.floor(position / width), position % width, index % channels];
    }
    case 'depthToSpace': {
      const { block } = arrangement;
      const within = (y % block) * block + (x % block);
      return [Math.floor(y / block), Math.floor(x / block), within * target[2] + c];
    }
    case 'spaceToDepth': {
      const { block } = arrangement;
      const within = Math.floor(c / channels);
      return [y * block + Math.floor(within / block), x * block + (within % block), c % channels];
    }
    case 'repeat':
      return [Math.floor(y / arrangement.times[0]), Math.floor(x / arrangement.times[1]), c];
  }
}
