import { readFile } from 'node:fs/promises';
import type { QuantizationParams } from '../../../quantize/params/quantization.ts';

/** Images in a file. */
export interface QuantizedImages extends QuantizationParams {
  /** uint8, real value scale · (q − zeroPoint). */
  readonly path: string;
  /** [N, H, W, C] */
  readonly shape: readonly [number, number, number, number];
}

/** A network to be loaded by a runtime. */
export interface Load {
  /** A name for what is loaded. */
  readonly id: string;
  readonly runtime: string;
  /** A file, or the folder of the network where the runtime has no files of its own. */
  readonly model: string;
  readonly threads: number;
  /** Images of a call; divides the number of images. */
  readonly batch: number;
  readonly images: QuantizedImages;
}

/** A loaded network with its images. */
export interface LoadedNetwork {
  /** Of the runtime. */
  readonly version: string;
  /**
   * Calls the network.
   * @param first of the images of the batch
   * @returns [batch, classes], as the network stores them
   */
  run(first: number): Promise<ArrayLike<number>>;
}

export type NetworkLoader = (load: Load) => Promise<LoadedNetwork>;

/** The images as real numbers. */
export async function realImages({
  path,
  scale,
  zeroPoint,
}: QuantizedImages): Promise<Float32Array> {
  return Float32Array.from(await readFile(path), (q) => scale * (q - zeroPoint));
}
