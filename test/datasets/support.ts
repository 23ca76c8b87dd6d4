import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp, { type Colour, type Sharp } from 'sharp';
import type {
  BatchOptions,
  Dataset,
  ImageBatch,
  LabelledBatch,
  LabelledDataset,
} from '../../datasets/dataset.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';

/** Writes files by path relative to `folder`. */
export async function writeTree(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** An image of one colour, as sharp's pipeline to be encoded. */
export function solid(width: number, height: number, background: Colour): Sharp {
  return sharp({ create: { width, height, channels: 3, background } });
}

/** An image of random pixels, as sharp's pipeline: its encoded form is long. */
export function noise(width: number, height: number): Sharp {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i * 31 + i) >> 3);
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** A reporter that keeps what it hears. */
export function recordingReporter(): Reporter & { readonly messages: string[] } {
  const messages: string[] = [];
  return {
    messages,
    info: (message) => messages.push(message),
    warn: (message) => messages.push(message),
    start: () => ({ update() {}, end() {} }),
  };
}

/** All batches of an iteration; 2 × 2 images of the test split unless told. */
export function collect(
  dataset: LabelledDataset,
  options?: Partial<BatchOptions>,
): Promise<LabelledBatch[]>;
export function collect(dataset: Dataset, options?: Partial<BatchOptions>): Promise<ImageBatch[]>;
export async function collect(
  dataset: Dataset,
  options: Partial<BatchOptions> = {},
): Promise<ImageBatch[]> {
  const batches: ImageBatch[] = [];
  const all = { split: 'test', batchSize: 2, resolution: 2, ...options } as const;
  for await (const batch of dataset.batches(all)) batches.push(batch);
  return batches;
}
