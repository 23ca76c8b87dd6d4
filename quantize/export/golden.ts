/**
 * Golden vectors: what the executor computes of an image, layer by layer, for the bring-up of hardware.
 * Each tensor is a file of NumPy and one of hexadecimal bytes, one a line, as $readmemh of Verilog takes it.
 */
import { outputNames, roundingOf, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { layerTable } from './layer_table.ts';
import { encodeNpy } from './npz/npy.ts';

/** A file of the folder of golden vectors. */
export interface GoldenFile {
  /** From the folder on. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** An image of golden vectors. */
export interface GoldenImage {
  /** Its name in the data set. */
  readonly image: string;
  /** From the folder on. */
  readonly folder: string;
}

/** The name of the file with what the others are. */
export const GOLDEN_MANIFEST = 'manifest.json';

/** What the manifest says the folder is. */
export const GOLDEN_FORMAT = 'tf8 golden vectors';

/** The folder of an image, from the folder of golden vectors on. */
export function goldenImage(image: string, index: number): GoldenImage {
  return { image, folder: `image_${String(index).padStart(4, '0')}` };
}

/**
 * The files of an image.
 * @param tensors every tensor's bytes by its name, the input's too
 */
export function goldenFiles(
  model: Tf8Model,
  { folder }: GoldenImage,
  tensors: ReadonlyMap<string, Uint8Array>,
): readonly GoldenFile[] {
  const specs = [...tensorSpecs(model)];
  return specs.flatMap(([name, { shape }], index) => {
    const bytes = tensors.get(name)!;
    const path = `${folder}/${fileStem(name, index)}`;
    return [
      { path: `${path}.npy`, bytes: encodeNpy(bytes, shape) },
      { path: `${path}.hex`, bytes: hexLines(bytes) },
    ];
  });
}

/**
 * The manifest: of every tensor its files' name, shape, scale and zero point, of every layer the integers
 * that it computes with.
 */
export function goldenManifest(
  model: Tf8Model,
  images: readonly GoldenImage[],
  tf8Sha256: string,
): GoldenFile {
  const specs = [...tensorSpecs(model)];
  const json = {
    format: GOLDEN_FORMAT,
    model: model.name,
    tf8Sha256,
    rounding: roundingOf(model),
    /** Each in every image's folder as FILE.npy and FILE.hex, [H, W, C] uint8. */
    tensors: specs.map(([name, { shape, quantization }], index) => ({
      name,
      file: fileStem(name, index),
      shape,
      ...quantization,
    })),
    input: model.input.name,
    outputs: outputNames(model),
    layers: layerTable(model).map(({ inputs, output: _, ...row }) => ({
      ...row,
      inputs: inputs.map(({ name }) => name),
    })),
    images,
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
  return { path: GOLDEN_MANIFEST, bytes };
}

/** A name that every file system takes; the index tells those apart that become alike. */
function fileStem(name: string, index: number): string {
  return `${String(index).padStart(3, '0')}_${name.replace(/[^\w.-]/g, '_')}`;
}

const DIGITS = new TextEncoder().encode('0123456789abcdef');

/** "0f\n" of each byte. */
function hexLines(bytes: Uint8Array): Uint8Array {
  const lines = new Uint8Array(3 * bytes.length).fill(0x0a);
  for (const [i, byte] of bytes.entries()) {
    lines[3 * i] = DIGITS[byte >> 4];
    lines[3 * i + 1] = DIGITS[byte & 15];
  }
  return lines;
}
