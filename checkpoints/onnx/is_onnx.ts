import type { ByteSource } from '../../foundation/files/byte_source.ts';

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
export async function isOnnx(source: ByteSource): Promise<boolean> {
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
