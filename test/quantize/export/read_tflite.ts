import { ByteBuffer } from 'flatbuffers';

/**
 * A `.tflite` file, read by the flatbuffers library with the slots of schema.fbs (TensorFlow 2.15): it
 * shares nothing with the writer.
 */
export function readTflite(file: Uint8Array) {
  const buffer = new ByteBuffer(file);
  const root = tableAt(buffer, buffer.readInt32(0));
  const [subgraph] = root.tables(2);
  const codes = root.tables(1).map((code) => ({ code: code.int32(3), version: code.int32(2) }));
  const buffers = root.tables(4).map((each) => each.bytes(0));
  const tensors = subgraph.tables(0).map((tensor) => {
    const quantization = tensor.table(4);
    return {
      name: tensor.string(3),
      shape: tensor.int32s(0),
      type: tensor.int8(1),
      data: buffers[tensor.int32(2)],
      scale: quantization?.float32s(2)[0],
      zeroPoint: quantization?.int64s(3)[0],
      scales: quantization?.float32s(2) ?? [],
      zeroPoints: quantization?.int64s(3) ?? [],
      axis: quantization?.int32(6) ?? 0,
    };
  });
  const names = (indices: readonly number[]) => indices.map((index) => tensors[index].name);
  return {
    identifier: buffer.getBufferIdentifier(),
    version: root.int32(0),
    tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
    inputs: names(subgraph.int32s(1)),
    outputs: names(subgraph.int32s(2)),
    operators: subgraph.tables(3).map((operator) => ({
      ...codes[operator.int32(0)],
      inputs: names(operator.int32s(1)),
      outputs: names(operator.int32s(2)),
      optionsType: operator.int8(3),
      options: operator.table(4)!,
    })),
    metadata: root.tables(6).map((entry) => entry.string(0)),
  };
}

/** Reads a table's fields by slot; what is left out is 0 or empty. */
function tableAt(buffer: ByteBuffer, position: number) {
  const field = (slot: number): number | undefined => {
    const way = buffer.__offset(position, 4 + 2 * slot);
    return way === 0 ? undefined : position + way;
  };
  const scalar = (slot: number, read: (at: number) => number): number => {
    const at = field(slot);
    return at === undefined ? 0 : read(at);
  };
  const vector = <T>(slot: number, bytes: number, read: (at: number) => T): T[] => {
    const at = field(slot);
    if (at === undefined) return [];
    const start = buffer.__vector(at);
    return Array.from({ length: buffer.__vector_len(at) }, (_, index) =>
      read(start + bytes * index),
    );
  };
  const indirect = (at: number) => tableAt(buffer, buffer.__indirect(at));
  return {
    int8: (slot: number) => scalar(slot, (at) => buffer.readInt8(at)),
    int32: (slot: number) => scalar(slot, (at) => buffer.readInt32(at)),
    string: (slot: number) => buffer.__string(field(slot)!) as string,
    int32s: (slot: number) => vector(slot, 4, (at) => buffer.readInt32(at)),
    float32s: (slot: number) => vector(slot, 4, (at) => buffer.readFloat32(at)),
    int64s: (slot: number) => vector(slot, 8, (at) => Number(buffer.readInt64(at))),
    bytes: (slot: number) => Uint8Array.from(vector(slot, 1, (at) => buffer.readUint8(at))),
    table: (slot: number) => {
      const at = field(slot);
      return at === undefined ? undefined : indirect(at);
    },
    tables: (slot: number) => vector(slot, 4, indirect),
  };
}
