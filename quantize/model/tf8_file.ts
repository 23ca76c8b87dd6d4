/**
 * The TF8 file: one file that a browser or Node reads without TensorFlow.
 *
 *     bytes 0–3    "TF8\n"
 *     bytes 4–7    length of the header in bytes, unsigned 32-bit little-endian
 *     bytes 8–39   SHA-256 of all that follows
 *     bytes 40–    the header, UTF-8 JSON (`HeaderSchema`), filled up with spaces to a multiple of 16
 *     the rest     weights (uint8) and biases (int32 little-endian), each at a multiple of 16 bytes
 *
 * Positions in the header count from the start of the rest. Version 2 has more operations, and `outputs`
 * where they are others than the last node alone; version 3 has weights with one scale a channel, and
 * roundings beside that of eq. 5. A network is
 * written as the first version that has what it needs.
 * A reader refuses another `version`, and fields that it does not know; it takes files without
 * `preprocessing`, which the first ones lack, and without the recipe of their quantization, which is left
 * out where `zeroVariance` alone tells it.
 */

// As a namespace: bundlers leave out what is not used of it, which is most.
import * as z from 'zod';
import { RecipeSchema } from '../convert/recipe_schema.ts';
import { Count, Tensor } from '../ops/schema.ts';
import { headers, operationOf } from '../ops/table.ts';
import { alignUp } from '../params/align_up.ts';
import { FileError, messageOf, QuantizationError } from '../params/errors.ts';
import { littleEndian } from '../params/little_endian.ts';
import { DEFAULT_ROUNDING, ROUNDINGS } from '../params/roundings.ts';
import { checkModel } from './check_model.ts';
import { isTf8, MAGIC } from './tf8_magic.ts';
import {
  isWeighted,
  outputNames,
  roundingOf,
  type Tf8Model,
  type Tf8Node,
  withRounding,
} from './tf8_model.ts';

const HASH_OFFSET = 8;
const PREFIX_BYTES = 40;
const ALIGNMENT = 16;
const VERSIONS = [1, 2, 3] as const;

const NodeHeader = z.discriminatedUnion('op', headers());

const HeaderSchema = z.strictObject({
  format: z.literal('tf8'),
  version: z.literal(VERSIONS),
  rounding: z.literal(ROUNDINGS),
  name: z.string(),
  input: Tensor.extend({ name: z.string().min(1) }),
  nodes: z.array(NodeHeader).min(1),
  outputs: z.array(z.string()).exactOptional(),
  labelOffset: Count,
  classNames: z.array(z.string()),
  preprocessing: z
    .strictObject({
      centralFraction: z.number().positive().max(1),
      range: z
        .strictObject({
          min: z.number(),
          max: z.number(),
          channels: z.array(z.strictObject({ min: z.number(), max: z.number() })).exactOptional(),
          order: z.literal('bgr').exactOptional(),
        })
        .refine(({ min, max }) => min < max, 'expected min < max'),
      resample: z.literal('bicubic').exactOptional(),
      alpha: z.literal(true).exactOptional(),
    })
    .exactOptional(),
  provenance: z.strictObject({
    floatModel: z.string(),
    floatWeightsSha256: z.string(),
    dataset: z.string().exactOptional(),
    calibrationImages: Count,
    calibrationData: z.string(),
    zeroVariance: z.enum(['keep', 'mean']),
    recipe: RecipeSchema.exactOptional(),
  }),
  binary: z.strictObject({ bytes: Count }),
});
type Header = z.infer<typeof HeaderSchema>;

/** All that every version of the header has. */
const VersionSchema = z.object({ version: Count });

/** The least that has its operations and outputs: a file that an older tf8 can read is one that it reads. */
function versionOf({ nodes, outputs, rounding = DEFAULT_ROUNDING }: Tf8Model): number {
  const ofOutputs = outputs === undefined ? 1 : 2;
  const ofRounding = rounding === DEFAULT_ROUNDING ? 1 : 3;
  return Math.max(ofOutputs, ofRounding, ...nodes.map(sinceOf));
}

function sinceOf(node: Tf8Node): number {
  const operation = operationOf(node);
  return operation.sinceOf?.(node) ?? operation.since;
}

/** The model without its outputs where they are what a model without them has. */
function withoutUsualOutputs(model: Tf8Model): Tf8Model {
  const { outputs, ...rest } = model;
  if (outputs === undefined) return model;
  return outputNames(rest).join('\n') === outputs.join('\n') ? rest : model;
}

/**
 * The bytes of the TF8 file: the same model gives the same bytes, whatever the order of its keys.
 * @throws QuantizationError for a model that is not sound (`checkModel`)
 */
export async function encodeTf8(model: Tf8Model): Promise<Uint8Array<ArrayBuffer>> {
  checkModel(model);
  const stored = withoutUsualOutputs(model);
  const spans: { offset: number; bytes: Uint8Array }[] = [];
  let binaryBytes = 0;
  const place = (bytes: Uint8Array): number => {
    const offset = binaryBytes;
    spans.push({ offset, bytes });
    binaryBytes = alignUp(offset + bytes.length, ALIGNMENT);
    return offset;
  };
  const nodes = model.nodes.map((node) => {
    if (node.op === 'lookup') return { ...node, table: [...node.table] };
    if (node.op === 'prelu')
      return { ...node, alpha: { ...node.alpha, data: [...node.alpha.data] } };
    if (!isWeighted(node)) return node;
    const { weights, bias, ...rest } = node;
    return {
      ...rest,
      weights: {
        offset: place(weights.data),
        shape: weights.shape,
        quantization: weights.quantization,
      },
      bias: { offset: place(littleEndian(bias)), length: bias.length },
    };
  });
  const binary = new Uint8Array(binaryBytes);
  for (const { offset, bytes } of spans) binary.set(bytes, offset);
  // Parsing puts the keys in the schema's order.
  const parsed = HeaderSchema.safeParse({
    format: 'tf8',
    version: versionOf(stored),
    ...stored,
    rounding: roundingOf(stored),
    nodes,
    binary: { bytes: binary.length },
  });
  if (!parsed.success) {
    throw new QuantizationError(`${model.name} fits no TF8 file: ${firstIssue(parsed.error)}`);
  }
  const text = new TextEncoder().encode(JSON.stringify(parsed.data));
  const headerBytes = alignUp(PREFIX_BYTES + text.length, ALIGNMENT) - PREFIX_BYTES;
  const file = new Uint8Array(PREFIX_BYTES + headerBytes + binary.length);
  file.set(new TextEncoder().encode(MAGIC));
  new DataView(file.buffer).setUint32(4, headerBytes, true);
  file.fill(0x20, PREFIX_BYTES, PREFIX_BYTES + headerBytes);
  file.set(text, PREFIX_BYTES);
  file.set(binary, PREFIX_BYTES + headerBytes);
  file.set(await sha256(file.subarray(PREFIX_BYTES)), HASH_OFFSET);
  return file;
}

/**
 * Reads a TF8 file and proves it sound: complete, undamaged, shapes and inputs consistent, no
 * accumulator that could overflow.
 * @param fileName only for the messages
 * @throws QuantizationError that says what is wrong with the file
 */
export async function decodeTf8(file: Uint8Array, fileName: string): Promise<Tf8Model> {
  if (!isTf8(file)) {
    throw damaged(
      fileName,
      `expected it to start with "TF8" but it has ${file.length} other bytes`,
    );
  }
  if (file.length < PREFIX_BYTES) {
    throw damaged(fileName, `it has ${file.length} bytes, its start alone takes ${PREFIX_BYTES}`);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerBytes = view.getUint32(4, true);
  const start = PREFIX_BYTES + headerBytes;
  if (start > file.length) {
    throw damaged(fileName, `its header takes ${headerBytes} bytes, the file has ${file.length}`);
  }
  const hash = await sha256(file.subarray(PREFIX_BYTES));
  if (hash.some((byte, index) => byte !== file[HASH_OFFSET + index])) {
    throw damaged(fileName, 'its content does not match its SHA-256');
  }
  const header = parseHeader(file.subarray(PREFIX_BYTES, start), fileName);
  // A view without Node's Buffer methods, whose slice() does not copy.
  const binary = new Uint8Array(file.buffer, file.byteOffset + start, file.length - start);
  if (binary.length !== header.binary.bytes) {
    throw damaged(
      fileName,
      `expected ${header.binary.bytes} bytes of weights but received ${binary.length}`,
    );
  }
  const { format: _, version: __, rounding, binary: ___, ...rest } = header;
  const nodes = header.nodes.map((node) => decodeNode(node, binary, fileName));
  const model = withRounding({ ...rest, nodes }, rounding);
  checkModel(model);
  return model;
}

function decodeNode(node: Header['nodes'][number], binary: Uint8Array, fileName: string): Tf8Node {
  if (node.op === 'lookup') return { ...node, table: Uint8Array.from(node.table) };
  if ('alpha' in node) {
    return { ...node, alpha: { ...node.alpha, data: Uint8Array.from(node.alpha.data) } };
  }
  if (!('weights' in node)) return node;
  const { weights, bias, ...rest } = node;
  const take = (offset: number, bytes: number): Uint8Array => {
    if (offset + bytes > binary.length) {
      throw damaged(
        fileName,
        `${node.name} needs bytes ${offset} to ${offset + bytes} of ${binary.length} bytes of weights`,
      );
    }
    return binary.slice(offset, offset + bytes);
  };
  const length = weights.shape.reduce((product, side) => product * side, 1);
  const biasView = new DataView(take(bias.offset, 4 * bias.length).buffer);
  return {
    ...rest,
    weights: {
      data: take(weights.offset, length),
      shape: weights.shape,
      quantization: weights.quantization,
    },
    bias: Int32Array.from({ length: bias.length }, (_, index) =>
      biasView.getInt32(4 * index, true),
    ),
  };
}

function parseHeader(bytes: Uint8Array, fileName: string): Header {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw damaged(fileName, `its header is not JSON (${messageOf(error)})`);
  }
  const version = VersionSchema.safeParse(json).data?.version;
  if (version !== undefined && !VERSIONS.some((known) => known === version)) {
    throw new FileError(
      `Expected version ${VERSIONS.slice(0, -1).join(', ')} or ${VERSIONS.at(-1)} of the TF8 file format but ${fileName} has version ${version}`,
      { remedy: 'Make the file again with this tf8, or read it with the one that made it.' },
    );
  }
  const parsed = HeaderSchema.safeParse(json);
  if (!parsed.success) {
    throw damaged(fileName, `in its header, ${firstIssue(parsed.error)}`);
  }
  return parsed.data;
}

function firstIssue({ issues }: z.ZodError): string {
  const { path, message } = issues[0];
  return `${path.join('.') || 'the top'}: ${message}`;
}

function damaged(fileName: string, what: string): FileError {
  return new FileError(`${fileName} is not a sound TF8 file: ${what}`, {
    remedy: 'Quantize its float model again.',
  });
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
