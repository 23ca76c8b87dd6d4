/** Small ONNX networks with what ONNX Runtime makes of an image. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface Packed {
  readonly shape: readonly number[];
  /** base64 of float32 */
  readonly values: string;
}

/** What ONNX Runtime makes of an image: fixtures/make_onnx_networks.py. */
export interface OnnxFixture {
  readonly model: string;
  readonly input: Packed;
  readonly outputs: readonly Packed[];
}

export const ONNX_NETWORKS = JSON.parse(
  gunzipSync(await readFile(join(import.meta.dirname, 'fixtures', 'networks.json.gz'))).toString(),
) as Readonly<Record<string, OnnxFixture>>;

export function floats({ values }: Packed): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(values, 'base64')).buffer);
}

export function onnxBytes(name: string): Uint8Array {
  return Buffer.from(ONNX_NETWORKS[name].model, 'base64');
}
