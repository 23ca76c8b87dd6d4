import { importOptional } from '../../foundation/optional_package.ts';
import type { ObservedRange } from '../../quantize/convert/observed_range.ts';
import { argMaxPicture, channelPicture, pixelsOf } from './tensor_picture.ts';

/** An image as the network sees it. */
export interface Photograph {
  /** [height, width, 3] in [−1, 1] */
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** Pixels of a panel's longer side at most, panels of a row, and channels that are shown. */
const LARGEST_SIDE = 256;
const COLUMNS = 4;
const MOST_CHANNELS = 14;
const GAP = 4;
/** What the pictures say that they were made by. */
export const SOFTWARE = 'tf8';
const PAPER = { r: 255, g: 255, b: 255 } as const;

interface Panel {
  /** [height, width, 3] */
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly kernel: 'cubic' | 'nearest';
}

/**
 * An output beside its photograph, as a PNG: the photograph, the greatest channel at each place where there are
 * several, and the first channels one by one, all as large as the photograph.
 * @param values [H, W, C], the `shape`
 * @param range of the shades
 */
export async function outputSheet(
  values: Float32Array,
  [height, width, channels]: readonly number[],
  range: ObservedRange,
  photograph: Photograph,
): Promise<Buffer> {
  const panel = (pixels: Uint8Array): Panel => ({ pixels, height, width, kernel: 'nearest' });
  const shown = Math.min(channels, MOST_CHANNELS);
  const panels = [
    photographPanel(photograph),
    ...(channels > 1 ? [panel(argMaxPicture(values, channels))] : []),
    ...Array.from({ length: shown }, (_, channel) =>
      panel(channelPicture(values, channels, channel, range)),
    ),
  ];
  return sheet(panels, photograph);
}

function photographPanel({ values, height, width }: Photograph): Panel {
  return { pixels: pixelsOf(values), height, width, kernel: 'cubic' };
}

async function sheet(panels: readonly Panel[], { height, width }: Photograph): Promise<Buffer> {
  const { default: sharp } = await importOptional(() => import('sharp'));
  const part = LARGEST_SIDE / Math.max(height, width);
  const [rows, columns] = [height, width].map((side) => Math.max(1, Math.round(part * side)));
  const across = Math.min(COLUMNS, panels.length);
  const placed = panels.map(async ({ pixels, kernel, ...size }, at) => ({
    input: await sharp(pixels, { raw: { ...size, channels: 3 } })
      .resize(columns, rows, { fit: 'fill', kernel })
      .png()
      .toBuffer(),
    left: (at % across) * (columns + GAP),
    top: Math.floor(at / across) * (rows + GAP),
  }));
  const down = Math.ceil(panels.length / across);
  const size = {
    width: across * (columns + GAP) - GAP,
    height: down * (rows + GAP) - GAP,
  };
  return sharp({ create: { ...size, channels: 3, background: PAPER } })
    .composite(await Promise.all(placed))
    .withExif({ IFD0: { Software: SOFTWARE } })
    .png()
    .toBuffer();
}
