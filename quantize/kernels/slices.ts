import { type Conv2dCall, groupsOf } from '../ops/conv2d.ts';
import { elements } from '../params/shape.ts';
import { type WindowGeometry, windowGeometry } from './canonical_call.ts';

/** A plain convolution of a part of a call's input into a part of its output. */
export interface Slice {
  /** Its channels and outputs are those of the part. */
  readonly geometry: WindowGeometry;
  /** [kh, kw, C, M] of the part, a copy. */
  readonly filter: Uint8Array;
  /** [M] of the part. */
  readonly bias: Int32Array;
  /** Which of the call's output channels is its first. */
  readonly firstChannel: number;
  readonly place: SlicePlace;
}

/** Where a slice reads and writes, in bytes of the whole tensors. */
export interface SlicePlace {
  /** Of its first channel, at each position. */
  readonly inputOffset: number;
  /** Of its first position. */
  readonly outputOffset: number;
  /** To its next position in a row. */
  readonly outputStep: number;
  /** To its next row. */
  readonly outputRow: number;
}

/** A grouped convolution: each group is a convolution of its channels. */
export function groupSlices(call: Conv2dCall): readonly Slice[] {
  const { inputShape, outputShape, filterShape, filter, bias } = call;
  const groups = groupsOf(call);
  const [kernelHeight, kernelWidth, depth, columns] = filterShape;
  const filters = columns / groups;
  const geometry = {
    ...windowGeometry(call, [kernelHeight, kernelWidth], outputShape),
    channels: depth,
    outputChannels: filters,
  };
  const rows = elements(filterShape) / columns;
  const channels = inputShape[3];
  return Array.from({ length: groups }, (_, group): Slice => {
    const first = group * filters;
    const own = new Uint8Array(rows * filters);
    for (let row = 0; row < rows; row++) {
      const from = row * columns + first;
      own.set(filter.subarray(from, from + filters), row * filters);
    }
    return {
      geometry,
      filter: own,
      bias: bias.subarray(first, first + filters),
      firstChannel: first,
      place: {
        inputOffset: (group * channels) / groups,
        outputOffset: first,
        outputStep: columns,
        outputRow: outputShape[2] * columns,
      },
    };
  });
}
