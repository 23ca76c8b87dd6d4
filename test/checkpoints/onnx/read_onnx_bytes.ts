import { parseOnnx, readOnnx } from '../../../checkpoints/onnx/read_onnx.ts';
import type { Reading, ReadModel } from '../../../checkpoints/read_model.ts';

/** A model in one file, without the file. */
export function readOnnxBytes(bytes: Uint8Array, name: string, reading?: Reading): ReadModel {
  return readOnnx(parseOnnx(bytes, name), name, reading);
}
