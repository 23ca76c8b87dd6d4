import fc from 'fast-check';
import type { ImageShape } from '../../../quantize/ops/tensor.ts';
import type { Arrangement } from '../../../quantize/params/arrangement.ts';

/** An arrangement of every kind on random shapes. */
export interface ArrangedShapes {
  readonly arrangement: Arrangement;
  readonly input: ImageShape;
  readonly output: ImageShape;
}

export const KINDS = [
  'pad',
  'slice',
  'transpose',
  'reshape',
  'depthToSpace',
  'spaceToDepth',
  'repeat',
] as const satisfies readonly Arrangement['kind'][];

const integer = (min: number, max: number) => fc.integer({ min, max });
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

export function arrangedShapes(): fc.Arbitrary<ArrangedShapes> {
  const shape = fc.tuple(integer(1, 7), integer(1, 7), integer(1, 40));
  return fc
    .record({ kind: fc.constantFrom(...KINDS), shape, seed: integer(0, 10_000) })
    .map(({ kind, shape: [height, width, channels], seed }) => {
      const block = 1 + (seed % 3);
      const input: ImageShape =
        kind === 'depthToSpace'
          ? [height, width, block ** 2 * (1 + (channels % 4))]
          : kind === 'spaceToDepth'
            ? [height * block, width * block, channels]
            : [height, width, channels];
      return arrange(kind, input, seed, block);
    });
}

/** One of the kind that the image allows. */
export function arrange(
  kind: Arrangement['kind'],
  input: ImageShape,
  seed: number,
  block: number,
): ArrangedShapes {
  const [height, width, channels] = input;
  switch (kind) {
    case 'pad': {
      const padding = { top: seed % 3, bottom: seed % 2, left: seed % 4, right: seed % 5 };
      const rows = padding.top + height + padding.bottom;
      const output = [rows, padding.left + width + padding.right, channels] as const;
      return { arrangement: { kind, padding }, input, output };
    }
    case 'slice': {
      const begin = [seed % height, seed % width, seed % channels] as const;
      const strides = [1 + (seed % 2), 1 + (seed % 3), 1 + (seed % 2)] as const;
      const count = (axis: 0 | 1 | 2) => Math.ceil((input[axis] - begin[axis]) / strides[axis]);
      const output = [count(0), count(1), count(2)] as const;
      return { arrangement: { kind, begin, strides }, input, output };
    }
    case 'transpose': {
      const permutation = ORDERS[seed % ORDERS.length];
      const [a, b, c] = permutation;
      return {
        arrangement: { kind, permutation },
        input,
        output: [input[a], input[b], input[c]],
      };
    }
    case 'reshape':
      return { arrangement: { kind }, input, output: [channels, height, width] };
    case 'depthToSpace':
      return {
        arrangement: { kind, block },
        input,
        output: [height * block, width * block, channels / block ** 2],
      };
    case 'spaceToDepth':
      return {
        arrangement: { kind, block },
        input,
        output: [height / block, width / block, channels * block ** 2],
      };
    case 'repeat': {
      const times = [1 + (seed % 2), 1 + (seed % 3)] as const;
      const output = [height * times[0], width * times[1], channels] as const;
      return { arrangement: { kind, times }, input, output };
    }
  }
}
