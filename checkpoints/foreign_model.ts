/** Models of other programs that are not read here, recognized by what the file holds. */
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type ByteSource, fileSource } from '../foundation/files/byte_source.ts';
import { isZipWith, startsWith } from './file_starts.ts';

/** What a file is, and how it becomes one that is read here. */
export interface ForeignModel {
  /** "a Keras model (HDF5)" */
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
    kind: 'an ONNX model',
    extensions: ['.onnx'],
    holds: isOnnx,
    remedy: (model, folder) =>
      `Convert it to a SavedModel (pip install onnx2tf), and pass ${folder}: onnx2tf -i ${quoted(model)} -o ${quoted(folder)}`,
  },
  {
    kind: 'a PyTorch file',
    extensions: ['.pt', '.pth'],
    holds: async (source) =>
      (await isZipWith(source, 'data.pkl')) || startsWith(source, 0, PICKLED_TORCH),
    remedy: (_, folder) =>
      `Export the network in Python, torch.onnx.export(model, image, ${quoted(`${folder}.onnx`)}), convert that (pip install onnx2tf), and pass ${folder}: onnx2tf -i ${quoted(`${folder}.onnx`)} -o ${quoted(folder)}`,
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

/** Of ModelProto in onnx.proto: how each field is written, 0 as a varint and 2 with its length. */
const ONNX_WIRE_TYPES: Readonly<Record<number, 0 | 2>> = {
  1: 0, // ir_version
  2: 2, // producer_name
  3: 2, // producer_version
  4: 2, // domain
  5: 0, // model_version
  6: 2, // doc_string
  7: 2, // graph
  8: 2, // opset_import
  14: 2, // metadata_props
  20: 2, // training_info
  25: 2, // functions
  26: 2, // configuration
};
const ONNX_GRAPH = 7;
const ONNX_OPSETS = 8;

/** A tag and a length: two varints of at most 10 bytes. */
const FIELD_START_BYTES = 20;
const MOST_FIELDS = 10_000;

/** Whether the whole file is fields of an ONNX model, a graph and its operator sets among them. */
async function isOnnx(source: ByteSource): Promise<boolean> {
  const seen = new Set<number>();
  let offset = 0;
  for (let fields = 0; offset < source.size && fields < MOST_FIELDS; fields++) {
    const start = await source.read(offset, Math.min(FIELD_START_BYTES, source.size - offset));
    const tag = varintAt(start, 0);
    const value = tag && varintAt(start, tag.end);
    if (tag === undefined || value === undefined) return false;
    const field = Math.floor(tag.value / 8);
    if (ONNX_WIRE_TYPES[field] !== tag.value % 8) return false;
    seen.add(field);
    offset += value.end + (ONNX_WIRE_TYPES[field] === 2 ? value.value : 0);
  }
  return offset === source.size && seen.has(ONNX_GRAPH) && seen.has(ONNX_OPSETS);
}

/** A number of protobuf's, exact below 2⁵³. */
function varintAt(
  bytes: Uint8Array,
  start: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let end = start; end < bytes.length && end < start + 10; end++) {
    value += (bytes[end] & 0x7f) * 2 ** (7 * (end - start));
    if (bytes[end] < 0x80) return { value, end: end + 1 };
  }
  return undefined;
}
