/** Names of classes that lie beside a model, as Teachable Machine and others write them. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** Of Teachable Machine's export for TensorFlow.js. */
const METADATA = 'metadata.json';
/** A class a line: of its exports for Keras and TensorFlow Lite, "0 cat", and of many others, "cat". */
const LABELS = 'labels.txt';
const NUMBERED = /^(\d+)\s+(.+)$/;
/** Above any list of classes. */
const MAX_BYTES = 2 ** 20;

const metadataSchema = z.object({ labels: z.array(z.string()) });

export interface LabelsBeside {
  readonly classNames: readonly string[];
  /** Name of the file that they are from. */
  readonly file: string;
}

/**
 * The names of a network's classes out of a file beside it, where that has one for each output.
 * @param path of the model: a file, or the folder that it is
 */
export async function labelsBeside(
  path: string,
  outputs: number,
): Promise<LabelsBeside | undefined> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory();
  const folder = isFolder ? path : dirname(path);
  for (const [file, read] of [
    [METADATA, fromMetadata],
    [LABELS, fromLines],
  ] as const) {
    const text = await textOf(join(folder, file));
    const classNames = text === undefined ? undefined : read(text);
    const isWhole = classNames?.length === outputs && new Set(classNames).size === outputs;
    if (isWhole && classNames.every((name) => name !== '')) return { classNames, file };
  }
  return undefined;
}

async function textOf(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile() || info.size > MAX_BYTES) return undefined;
  return readFile(path, 'utf8').catch(() => undefined);
}

function fromMetadata(text: string): readonly string[] | undefined {
  try {
    return metadataSchema.safeParse(JSON.parse(text)).data?.labels;
  } catch {
    return undefined; // a file of another program
  }
}

function fromLines(text: string): readonly string[] {
  const lines = text.trimEnd().split(/\r?\n/);
  const numbered = lines.map((line) => NUMBERED.exec(line));
  const isNumbered = numbered.every((match, index) => Number(match?.[1]) === index);
  return isNumbered ? numbered.map((match) => match![2].trim()) : lines.map((line) => line.trim());
}
