/**
 * An export carries the head of its TF8 file: the prefix with the SHA-256 and the JSON header, all but
 * the weights and biases, which the export has in its own tensors. Both together give the TF8 file
 * back byte for byte, which its SHA-256 proves.
 */
import { z } from 'zod';
import { decodeTf8 } from '../model/tf8_file.ts';
import type { Tf8Model } from '../model/tf8_model.ts';
import { FileError } from '../params/errors.ts';

/** Bytes in front of the header (`tf8_file.ts`), and where its length stands. */
const PREFIX_BYTES = 40;
const LENGTH_OFFSET = 4;

/** Name of the head where a format has named entries. */
export const HEAD_NAME = 'TF8_HEAD';

const Side = z.int().positive();

/** What the rest of a TF8 file holds, as its header says. */
const PlacesSchema = z.object({
  nodes: z.array(
    z.object({
      name: z.string(),
      op: z.string(),
      weights: z
        .object({
          offset: z.int().nonnegative(),
          shape: z.tuple([Side, Side, Side, Side]),
        })
        .optional(),
      bias: z.object({ offset: z.int().nonnegative(), length: Side }).optional(),
    }),
  ),
  binary: z.object({ bytes: z.int().nonnegative() }),
});

/** A node with weights, as a head describes it. */
export interface WeightedHead {
  readonly name: string;
  readonly op: string;
  readonly shape: readonly [number, number, number, number];
}

/** The weights in TF8's order and the biases as little-endian int32, taken from an export. */
export interface TakenWeights {
  readonly weights: Uint8Array;
  readonly bias: Uint8Array;
}

/** The head of a whole TF8 file. */
export function tf8Head(file: Uint8Array): Uint8Array {
  return file.subarray(0, PREFIX_BYTES + headerBytes(file));
}

/**
 * The TF8 model that an export was made from.
 * @param take gives a node's weights out of the export
 * @param bytesLimit the export's length: the weights cannot take more
 * @throws QuantizationError where head and weights are not those of one TF8 file
 */
export async function tf8FromHead(
  head: Uint8Array,
  take: (node: WeightedHead) => TakenWeights,
  bytesLimit: number,
  fileName: string,
): Promise<Tf8Model> {
  const places = readPlaces(head, fileName);
  const { bytes } = places.binary;
  if (bytes > bytesLimit + 32 * places.nodes.length) {
    throw damaged(fileName, `its ${bytesLimit} bytes cannot hold ${bytes} bytes of weights`);
  }
  const file = new Uint8Array(head.length + bytes);
  file.set(head);
  const place = (offset: number, part: Uint8Array) => {
    if (offset + part.length > bytes) throw damaged(fileName, 'a weight lies outside the weights');
    file.set(part, head.length + offset);
  };
  for (const { name, op, weights, bias } of places.nodes) {
    if (weights === undefined || bias === undefined) continue;
    const taken = take({ name, op, shape: weights.shape });
    place(weights.offset, taken.weights);
    place(bias.offset, taken.bias);
  }
  return decodeTf8(file, fileName);
}

function readPlaces(head: Uint8Array, fileName: string): z.infer<typeof PlacesSchema> {
  if (head.length < PREFIX_BYTES || PREFIX_BYTES + headerBytes(head) !== head.length) {
    throw damaged(fileName, `its head of a TF8 file is not whole (${head.length} bytes)`);
  }
  try {
    return PlacesSchema.parse(JSON.parse(new TextDecoder().decode(head.subarray(PREFIX_BYTES))));
  } catch {
    throw damaged(fileName, 'its head of a TF8 file has another form');
  }
}

function headerBytes(file: Uint8Array): number {
  return new DataView(file.buffer, file.byteOffset, file.byteLength).getUint32(LENGTH_OFFSET, true);
}

function damaged(fileName: string, reason: string): FileError {
  return new FileError(`${fileName} does not give its TF8 model back: ${reason}`, {
    remedy: 'Export the model again.',
  });
}
