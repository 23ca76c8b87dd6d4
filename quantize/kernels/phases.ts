import type { TransposedConv2dCall } from '../ops/transposed_conv2d.ts';
import { requireInt32Size } from './canonical_call.ts';
import type { Slice } from './slices.ts';

/** One axis of the positions that a phase of a transposed convolution makes, and of its taps. */
interface Phase {
  /** Of the first position in the output. */
  readonly first: number;
  readonly positions: number;
  /** Of the kernel, in the order in which they meet the input. */
  readonly taps: readonly number[];
  /** In front of the input; below 0 where its first positions are not read. */
  readonly padding: number;
}

/**
 * A transposed convolution: the output positions of each remainder modulo the stride are a convolution of
 * stride 1 with those taps that bring an input position there. With r = (y + padding) mod stride such taps are
 * r + stride · j, j < n, and tap j meets input row (y + padding − r) / stride − j: from the last to the first they
 * are a window over n rows that follow each other.
 */
export function phaseSlices(call: TransposedConv2dCall): readonly Slice[] {
  const { inputShape, outputShape, filterShape, filter, bias, filterZeroPoint } = call;
  const [batch, height, width, channels] = inputShape;
  const [, outputHeight, outputWidth, columns] = outputShape;
  const rows = phasesOf(call, 0, call.padding.top);
  return rows.flatMap((row) =>
    phasesOf(call, 1, call.padding.left).map((column): Slice => {
      const window = [row.taps.length, column.taps.length];
      const isEmpty = window.includes(0);
      const geometry = {
        batch,
        height,
        width,
        channels,
        windowHeight: isEmpty ? 1 : window[0],
        windowWidth: isEmpty ? 1 : window[1],
        strideY: 1,
        strideX: 1,
        paddingTop: isEmpty ? 0 : row.padding,
        paddingLeft: isEmpty ? 0 : column.padding,
        dilationY: 1,
        dilationX: 1,
        outputHeight: row.positions,
        outputWidth: column.positions,
        outputChannels: columns,
      };
      for (const size of [...Object.values(geometry), outputHeight, outputWidth]) {
        requireInt32Size(size);
      }
      const step = channels * columns;
      // Where no tap leads, the bias alone remains: weights that are 0.
      const own = new Uint8Array(Math.max(1, window[0] * window[1]) * step).fill(filterZeroPoint);
      let at = 0;
      for (const ky of isEmpty ? [] : row.taps) {
        for (const kx of column.taps) {
          const from = (ky * filterShape[1] + kx) * step;
          own.set(filter.subarray(from, from + step), at);
          at += step;
        }
      }
      return {
        geometry,
        filter: own,
        bias,
        firstChannel: 0,
        place: {
          inputOffset: 0,
          outputOffset: (row.first * outputWidth + column.first) * columns,
          outputStep: call.strides[1] * columns,
          outputRow: call.strides[0] * outputWidth * columns,
        },
      };
    }),
  );
}

function phasesOf(
  { filterShape, strides, outputShape }: TransposedConv2dCall,
  axis: 0 | 1,
  padding: number,
): readonly Phase[] {
  const stride = strides[axis];
  const size = outputShape[axis + 1];
  return Array.from({ length: Math.min(stride, size) }, (_, first): Phase => {
    const rest = (first + padding) % stride;
    const count = Math.max(0, Math.ceil((filterShape[axis] - rest) / stride));
    return {
      first,
      positions: Math.ceil((size - first) / stride),
      taps: Array.from({ length: count }, (_, j) => rest + stride * (count - 1 - j)),
      padding: count - 1 - (first + padding - rest) / stride,
    };
  });
}
