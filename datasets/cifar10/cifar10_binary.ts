import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { list, type ReadEntry } from 'tar';
import { messageOf, UserError } from '../../foundation/errors.ts';
import type { StoredSplit } from '../dataset.ts';
import type { LabelledPixels } from '../pixel_dataset.ts';

const SIDE = 32;
const PLANE = SIDE * SIDE;
/** One byte of label, then the red, the green and the blue plane. */
const RECORD = 1 + 3 * PLANE;
const CLASSES = 10;

/** Records in each file of the official archive: the most that is kept of an archive's entry. */
const RECORDS_PER_FILE = 10_000;

const FILES: Record<StoredSplit, readonly string[]> = {
  train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
  test: ['test_batch.bin'],
};

export const CIFAR10_BINARY_FILES: readonly string[] = [...FILES.train, ...FILES.test];

type Splits = Readonly<Record<StoredSplit, LabelledPixels>>;

/**
 * Reads CIFAR-10's binary version (https://www.cs.toronto.edu/~kriz/cifar.html) from its .tar.gz,
 * in memory: at most its own 184 MB are kept, whatever the archive holds.
 *
 * @throws UserError where the file is no archive or damaged, or lacks or distorts one of the six files
 */
export async function readCifar10Archive(path: string): Promise<Splits> {
  const chunks = new Map<string, Buffer[]>();
  const tooLarge: string[] = [];
  const onReadEntry = (entry: ReadEntry) => {
    const name = basename(entry.path);
    if (!CIFAR10_BINARY_FILES.includes(name)) return;
    if (entry.size > RECORDS_PER_FILE * RECORD) {
      tooLarge.push(`${name} of ${entry.size} bytes`);
      return;
    }
    const parts: Buffer[] = [];
    chunks.set(name, parts);
    entry.on('data', (chunk: Buffer) => parts.push(chunk));
  };
  try {
    await list({ file: path, strict: true, onReadEntry });
  } catch (cause) {
    throw archiveError(path, messageOf(cause), cause);
  }
  if (tooLarge.length > 0) throw archiveError(path, `it holds ${tooLarge.join(', ')}`);
  return readSplits((name) => {
    const parts = chunks.get(name);
    if (!parts) throw archiveError(path, `it holds no ${name}`);
    chunks.delete(name);
    return Promise.resolve(Buffer.concat(parts));
  });
}

/** Reads the six unpacked files of a folder. Throws UserError where one is missing or distorted. */
export function readCifar10Folder(folder: string): Promise<Splits> {
  return readSplits((name) =>
    readFile(join(folder, name)).catch((cause: unknown) => {
      throw new UserError(`Expected ${name} in ${folder} but ${messageOf(cause)}.`, {
        remedy: `Unpack cifar-10-binary.tar.gz again.`,
        cause,
      });
    }),
  );
}

async function readSplits(read: (name: string) => Promise<Uint8Array>): Promise<Splits> {
  const join = async (names: readonly string[]): Promise<LabelledPixels> => {
    const parts: { pixels: Uint8Array; labels: Uint8Array }[] = [];
    for (const name of names) parts.push(parseRecords(await read(name), name));
    return {
      pixels: Buffer.concat(parts.map(({ pixels }) => pixels)),
      labels: Buffer.concat(parts.map(({ labels }) => labels)),
      height: SIDE,
      width: SIDE,
      channels: 3,
    };
  };
  return { train: await join(FILES.train), test: await join(FILES.test) };
}

/** Records of [label, 3 planes of 32 × 32] → labels [N] and interleaved pixels [N, 32, 32, 3]. */
function parseRecords(
  bytes: Uint8Array,
  fileName: string,
): { pixels: Uint8Array; labels: Uint8Array } {
  const count = bytes.length / RECORD;
  if (count === 0 || !Number.isInteger(count)) {
    throw new UserError(
      `Expected records of ${RECORD} bytes in ${fileName} but received ${bytes.length} bytes.`,
      { remedy: 'Fetch cifar-10-binary.tar.gz again.' },
    );
  }
  const labels = new Uint8Array(count);
  const pixels = new Uint8Array(count * 3 * PLANE);
  for (let n = 0; n < count; n++) {
    const record = n * RECORD;
    const label = bytes[record];
    if (label >= CLASSES) {
      throw new UserError(
        `Expected a label in [0, ${CLASSES - 1}] for image ${n} of ${fileName} but received ${label}.`,
        { remedy: 'Use the binary version of CIFAR-10 (not CIFAR-100).' },
      );
    }
    labels[n] = label;
    const out = n * 3 * PLANE;
    const red = record + 1;
    for (let i = 0; i < PLANE; i++) {
      pixels[out + 3 * i] = bytes[red + i];
      pixels[out + 3 * i + 1] = bytes[red + PLANE + i];
      pixels[out + 3 * i + 2] = bytes[red + 2 * PLANE + i];
    }
  }
  return { pixels, labels };
}

function archiveError(path: string, reason: string, cause?: unknown): UserError {
  return new UserError(`Expected CIFAR-10's binary archive at ${path} but ${reason}.`, {
    remedy: `Remove ${path} and fetch cifar-10-binary.tar.gz again.`,
    cause,
  });
}
