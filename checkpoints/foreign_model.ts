/** Models of other programs that are not read here, recognized by what the file holds. */
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type ByteSource, fileSource } from '../foundation/files/byte_source.ts';
import { isZipWith, startsWith } from './file_starts.ts';

/** What a file is, and how it becomes one that is read here. */
export interface ForeignModel {
  /** "a PyTorch file" */
  readonly kind: string;
  readonly remedy: string;
}

interface Format {
  readonly kind: string;
  readonly extensions: readonly string[];
  readonly holds: (source: ByteSource) => Promise<boolean>;
  /** @param model path of the file @param folder path of what is made of it, without an extension */
  readonly remedy: (model: string, folder: string) => string;
}

/** A pickle, protocol 2, of the number that torch.save wrote first until version 1.6. */
const PICKLED_TORCH = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20];

const FORMATS: readonly Format[] = [
  {
    kind: 'a PyTorch file',
    extensions: ['.pt', '.pth'],
    holds: async (source) =>
      (await isZipWith(source, 'data.pkl')) || startsWith(source, 0, PICKLED_TORCH),
    remedy: (_, folder) =>
      `Export the network in Python, and pass ${folder}.onnx: torch.onnx.export(model, image, ${quoted(`${folder}.onnx`)})`,
  },
  {
    kind: 'a file of weights alone (safetensors)',
    extensions: ['.safetensors'],
    // The length of a header, then the header as a JSON object.
    holds: (source) => startsWith(source, 7, [0, ...Buffer.from('{')]),
    remedy: (_, folder) =>
      `Load them into their network, in the program that they come from, and export that: with Keras as a SavedModel, with PyTorch by torch.onnx.export(model, image, ${quoted(`${folder}.onnx`)}).`,
  },
  {
    kind: 'a TF8 file',
    extensions: ['.tf8'],
    holds: async () => false, // Those are read here.
    remedy: () => '',
  },
];

/**
 * What `path`, a file or a folder with one, holds of the formats that are known by name only.
 * @returns undefined for any other file, and where there is none
 */
export async function foreignModel(path: string): Promise<ForeignModel | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile()) return foreignFile(path);
  if (!info?.isDirectory()) return undefined;
  const known = FORMATS.flatMap(({ extensions }) => extensions);
  const names = await readdir(path).catch(() => []);
  for (const name of names.sort()) {
    if (!known.includes(extname(name).toLowerCase())) continue;
    const found = await foreignFile(join(path, name)).catch(() => undefined);
    if (found !== undefined) return { ...found, kind: `a folder with ${found.kind}, ${name}` };
  }
  return undefined;
}

async function foreignFile(path: string): Promise<ForeignModel | undefined> {
  const extension = extname(path);
  const folder = extension === '' ? `${path}_saved_model` : path.slice(0, -extension.length);
  const source = await fileSource(path);
  try {
    for (const { kind, holds, remedy } of FORMATS) {
      if (await holds(source)) return { kind, remedy: remedy(path, folder) };
    }
  } finally {
    await source.close();
  }
  const named = FORMATS.find(({ extensions }) => extensions.includes(extension.toLowerCase()));
  return (
    named && {
      kind: `no ${named.kind.replace(/^an? /, '')}, as its name says: its content is another or damaged`,
      remedy: 'Bring the file anew, or check the path.',
    }
  );
}

/** As Python and shells take it. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? `'${text}'` : JSON.stringify(text);
}
