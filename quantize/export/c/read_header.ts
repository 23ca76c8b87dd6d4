import type { Tf8Model } from '../../model/tf8_model.ts';
import { FileError } from '../../params/errors.ts';
import { littleEndian } from '../../params/little_endian.ts';
import { elements } from '../../params/shape.ts';
import { fromBase64 } from '../base64.ts';
import { HEAD_NAME, tf8FromHead } from '../tf8_head.ts';
import { BIAS_START, HEAD_END, HEAD_START, WEIGHTS_START } from './header.ts';

/**
 * The TF8 model out of the head and the arrays of a header that `cHeader` wrote.
 * @throws QuantizationError where it is not whole
 */
export async function readCHeader(file: Uint8Array, fileName: string): Promise<Tf8Model> {
  const text = new TextDecoder('latin1').decode(file);
  const start = text.lastIndexOf(HEAD_START);
  const end = text.indexOf(HEAD_END, start + HEAD_START.length);
  if (start < 0 || end < 0) {
    throw new FileError(
      `Expected a C header that tf8 exported but ${fileName} has no comment ${HEAD_NAME}`,
      { remedy: 'Export the TF8 model in the format c.' },
    );
  }
  const head = fromBase64(
    text.slice(start + HEAD_START.length, end).replaceAll('\n', ''),
    `"${HEAD_NAME}" of ${fileName}`,
  );
  let position = 0;
  /** The numbers of the next array whose declaration begins so. */
  const take = (declaration: string, count: number): Int32Array => {
    const found = text.indexOf(declaration, position);
    const open = text.indexOf('{', found);
    const close = text.indexOf('}', open);
    const values = found < 0 ? [] : text.slice(open + 1, close).split(',');
    if (found < 0 || open < 0 || close < 0 || values.length !== count) {
      throw new FileError(
        `Expected ${count} numbers in the next ${declaration.trim()} of ${fileName} but received ${values.length}`,
      );
    }
    position = close;
    return Int32Array.from(values, Number);
  };
  return tf8FromHead(
    head,
    ({ shape, op }) => ({
      weights: Uint8Array.from(take(WEIGHTS_START, elements(shape))),
      bias: littleEndian(
        take(BIAS_START, op === 'depthwiseConv2d' ? shape[2] * shape[3] : shape[3]),
      ),
    }),
    file.length,
    fileName,
  );
}
