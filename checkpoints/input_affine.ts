/** What networks do with pixels before their first layer: x · scale + offset, of all channels or of each. */

/** scale and offset: one number for all channels, or one for each. */
export interface ChannelAffine {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** Numbers that a network takes for the darkest and the lightest pixel. */
export interface PixelRange {
  readonly min: number;
  readonly max: number;
}

/** Of images, where a network leaves it open. */
export type ImageSize = readonly [height: number, width: number];

/** What a model takes. */
export interface ModelInput {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** undefined where the file does not say it. */
  readonly range: PixelRange | undefined;
}

export const IDENTITY: ChannelAffine = { scale: [1], offset: [0] };

/** Our own images' range, and how near another comes to it without a difference that is seen. */
const SYMMETRIC: PixelRange = { min: -1, max: 1 };
const NEAR = 0.01;

/** More than any network's numbers span: pixels are in [0, 1] where scaling [0, 255] would exceed it. */
const WIDEST_SPAN = 16;
/** Means of pixels in [0, 1] are not so far from 0. */
const FARTHEST_MEAN = 8;

/** The second map after the first. */
export function composed(first: ChannelAffine, second: ChannelAffine): ChannelAffine {
  const length = Math.max(
    ...[first.scale, first.offset, second.scale, second.offset].map((values) => values.length),
  );
  const at = (values: readonly number[], channel: number) =>
    values[values.length === 1 ? 0 : channel];
  const channels = Array.from({ length }, (_, channel) => channel);
  return {
    scale: channels.map((c) => at(first.scale, c) * at(second.scale, c)),
    offset: channels.map((c) => at(first.offset, c) * at(second.scale, c) + at(second.offset, c)),
  };
}

export function isIdentity({ scale, offset }: ChannelAffine): boolean {
  return scale.every((value) => value === 1) && offset.every((value) => value === 0);
}

export function sameAffine(a: ChannelAffine, b: ChannelAffine): boolean {
  return a.scale.join() === b.scale.join() && a.offset.join() === b.offset.join();
}

/** What becomes of a map of pixels. */
export interface InputMap {
  readonly range: PixelRange;
  /** What is left for the network to do with images in that range; undefined where nothing is. */
  readonly left: ChannelAffine | undefined;
  /** What was decided, for the user. */
  readonly note: string;
}

/**
 * Takes a map of all channels alike as the range of the images. Of a map that differs by channel, or
 * turns dark to light, the images stay pixels and the map is left for the network.
 */
export function inputMap(affine: ChannelAffine): InputMap {
  const [scale] = affine.scale;
  const [offset] = affine.offset;
  const top = lightestPixel(affine);
  const isAlike =
    affine.scale.every((value) => value === scale) &&
    affine.offset.every((value) => value === offset);
  if (!isAlike || !(scale > 0)) {
    return {
      range: { min: 0, max: top },
      left: affine,
      note: `the network scales the channels of pixels of [0, ${top}] itself: it gets images in [0, ${top}]`,
    };
  }
  const range = { min: offset, max: offset + scale * top };
  const isSymmetric =
    Math.abs(range.min - SYMMETRIC.min) < NEAR && Math.abs(range.max - SYMMETRIC.max) < NEAR;
  if (isSymmetric) {
    return {
      range: SYMMETRIC,
      left: undefined,
      note: `the graph scales pixels of [0, ${top}] to [-1, 1] itself: that part is left out, since images come scaled`,
    };
  }
  const [min, max] = [range.min, range.max].map((value) => Number(value.toPrecision(6)));
  return {
    range: { min, max },
    left: undefined,
    note: `the graph scales pixels of [0, ${top}] to [${min}, ${max}] itself: that part is left out, and images come scaled to that`,
  };
}

/** 255 or 1, which of them makes numbers that networks are trained with. */
function lightestPixel({ scale, offset }: ChannelAffine): 1 | 255 {
  const widest = Math.max(...scale.map(Math.abs));
  const farthest = Math.max(...offset.map(Math.abs));
  return 255 * widest <= WIDEST_SPAN || farthest > FARTHEST_MEAN * widest ? 255 : 1;
}

/**
 * A convolution that reads x · scale + offset as one that reads x, which is exact where no zeros are put
 * around the image: kernel' = kernel · scale, and what the offsets add to each output.
 * @param kernelShape [kh, kw, C, M]
 */
export function foldIntoKernel(
  kernel: Float32Array,
  [height, width, channels, filters]: readonly number[],
  { scale, offset }: ChannelAffine,
): { readonly kernel: Float32Array; readonly bias: Float32Array } {
  const at = (values: readonly number[], channel: number) =>
    values[values.length === 1 ? 0 : channel];
  const folded = new Float32Array(kernel.length);
  const bias = new Float64Array(filters);
  for (let position = 0; position < height * width; position++) {
    for (let c = 0; c < channels; c++) {
      for (let m = 0; m < filters; m++) {
        const index = (position * channels + c) * filters + m;
        folded[index] = kernel[index] * at(scale, c);
        bias[m] += kernel[index] * at(offset, c);
      }
    }
  }
  return { kernel: folded, bias: Float32Array.from(bias) };
}
