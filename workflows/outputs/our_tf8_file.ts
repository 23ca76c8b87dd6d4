import { fileSource } from '../../foundation/files/byte_source.ts';
import { isTf8 } from '../../quantize/model/tf8_magic.ts';

/** Of a file, to tell what it is. */
const START_BYTES = 16;

/** A TF8 file, by its start. */
export async function isOurTf8File(path: string): Promise<boolean> {
  const source = await fileSource(path);
  try {
    return isTf8(await source.read(0, Math.min(START_BYTES, source.size)));
  } finally {
    await source.close();
  }
}
