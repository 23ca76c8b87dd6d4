import type { Tf8Model } from '../../model/tf8_model.ts';
import { FileError } from '../../params/errors.ts';
import { littleEndian } from '../../params/little_endian.ts';
import { elements } from '../../params/shape.ts';
import { fromBase64 } from '../base64.ts';
import { inverseOrder, permuteAxes } from '../tensor_layout.ts';
import { HEAD_NAME, tf8FromHead } from '../tf8_head.ts';
import { HEAD_END, HEAD_START } from './library.ts';
import { FLASH_AXES } from './steps.ts';

/**
 * The TF8 model out of the head and the arrays of a library that `cLibrary` wrote.
 * @throws QuantizationError where it is not whole
 */
export async function readCLibrary(file: Uint8Array, fileName: string): Promise<Tf8Model> {
  const text = new TextDecoder('latin1').decode(file);
  const start = text.lastIndexOf(HEAD_START);
  const end = text.indexOf(HEAD_END, start + HEAD_START.length);
  if (start < 0 || end < 0) {
    throw new FileError(
      `Expected a C library that tf8 exported but ${fileName} has no comment ${HEAD_NAME}`,
      { remedy: 'Export the TF8 model in the format c.' },
    );
  }
  const head = fromBase64(
    text.slice(start + HEAD_START.length, end).replaceAll('\n', ''),
    `"${HEAD_NAME}" of ${fileName}`,
  );
  let position = 0;
  /** The numbers of the next array of that name: declarations begin their lines. */
  const take = (type: string, name: string, count: number): Int32Array => {
    const declaration = new RegExp(`\\nstatic const ${type} \\w+_${name}_\\d+\\[`, 'g');
    declaration.lastIndex = position;
    const found = declaration.exec(text);
    const open = found === null ? -1 : text.indexOf('{', found.index);
    const close = text.indexOf('}', open);
    const values = open < 0 ? [] : text.slice(open + 1, close).split(',');
    if (open < 0 || close < 0 || values.length !== count) {
      throw new FileError(
        `Expected ${count} numbers in the next array of ${name} of ${fileName} but received ${values.length}`,
      );
    }
    position = close;
    return Int32Array.from(values, Number);
  };
  return tf8FromHead(
    head,
    ({ shape, op }) => {
      const stored = Uint8Array.from(take('uint8_t', 'weights', elements(shape)));
      const isDepthwise = op === 'depthwiseConv2d';
      return {
        weights: isDepthwise ? stored : fromFlash(stored, shape),
        bias: littleEndian(take('int32_t', 'bias', isDepthwise ? shape[2] * shape[3] : shape[3])),
      };
    },
    file.length,
    fileName,
  );
}

/** [M, kh, kw, C] in TF8's order, [kh, kw, C, M]. */
function fromFlash(weights: Uint8Array, shape: readonly number[]): Uint8Array {
  const sides = FLASH_AXES.map((axis) => shape[axis]);
  return permuteAxes(weights, sides, inverseOrder(FLASH_AXES));
}
