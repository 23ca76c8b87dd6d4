import { readFile } from 'node:fs/promises';
import { decodeTf8 } from '../model/tf8_file.ts';
import { QuantizationError } from '../params/errors.ts';
import type { Tf8Plan } from './plan.ts';
import { planOn, type TierOptions } from './plan_on.ts';

/**
 * Reads a TF8 file and prepares it to run, in Node; needs no TensorFlow.
 *
 * ```ts
 * using plan = await loadTf8('mobilenet.tf8', { threads: 2 });
 * const [likeliest] = plan.classify(image); // five of { index, name, probability }
 * ```
 * @param source path or file URL, or the file's bytes
 * @throws QuantizationError when the file cannot be read or is not sound, or the tier is not available
 */
export async function loadTf8(
  source: string | URL | Uint8Array | ArrayBuffer,
  options: TierOptions = {},
): Promise<Tf8Plan> {
  if (source instanceof ArrayBuffer) return loadTf8(new Uint8Array(source), options);
  if (source instanceof Uint8Array) return planOn(await decodeTf8(source, 'the model'), options);
  const bytes = await readFile(source).catch((error: Error) => {
    throw new QuantizationError(`Expected a TF8 file at ${source} but: ${error.message}`, {
      remedy: 'Check the path, or quantize a float model into that file.',
    });
  });
  return planOn(await decodeTf8(bytes, String(source)), options);
}
