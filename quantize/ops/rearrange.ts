import * as z from 'zod';
import {
  type Arrangement,
  type ArrangementMap,
  arrangementMap,
  LOOPS,
} from '../params/arrangement.ts';
import { expected, QuantizationError } from '../params/errors.ts';
import { requireZeroPoint } from '../params/quantization.ts';
import { elements } from '../params/shape.ts';
import { requireDisjoint, requireLength, requirePositive } from './check.ts';
import type { Operation } from './operation.ts';
import { Count, NODE_FIELDS, PaddingField, Positive } from './schema.ts';
import type { ImageShape, NodeBase, TensorSpec } from './tensor.ts';

/** An image's bytes in other places; keeps scale and zero point. */
export interface RearrangeNode extends NodeBase<'rearrange'> {
  readonly arrangement: Arrangement;
}

export interface RearrangeCall extends ArrangementMap {
  /** [batch, imageBytes] uint8 */
  readonly input: Uint8Array;
  readonly batch: number;
  /** Of one image of the input. */
  readonly imageBytes: number;
  /** The byte of zero, where the output reads nothing. */
  readonly fill: number;
  /** [batch, …sizes] uint8 */
  readonly output: Uint8Array;
}

const Axis = z.number().int().min(0).max(2);

const ArrangementField = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('pad'), padding: PaddingField }),
  z.strictObject({
    kind: z.literal('slice'),
    begin: z.tuple([Count, Count, Count]),
    strides: z.tuple([Positive, Positive, Positive]),
  }),
  z.strictObject({ kind: z.literal('transpose'), permutation: z.tuple([Axis, Axis, Axis]) }),
  z.strictObject({ kind: z.literal('reshape') }),
  z.strictObject({ kind: z.literal('depthToSpace'), block: Positive }),
  z.strictObject({ kind: z.literal('spaceToDepth'), block: Positive }),
  z.strictObject({ kind: z.literal('repeat'), times: z.tuple([Positive, Positive]) }),
]);

/** The input's bytes in the places that an arrangement gives them (eq. 11). */
export const rearrange: Operation<RearrangeNode, RearrangeCall> = {
  since: 2,
  header: z.strictObject({
    ...NODE_FIELDS,
    op: z.literal('rearrange'),
    arrangement: ArrangementField,
  }),
  arity: 'one',
  outputRange: 'of input',

  outputShape: arrangedShape,
  macs: () => 0,

  call({ arrangement, output: { shape } }, { batch, inputs: [input], output }) {
    return {
      input: input.data,
      batch,
      imageBytes: elements(input.shape),
      ...arrangementMap(arrangement, input.shape, shape),
      fill: input.quantization.zeroPoint,
      output,
    };
  },
  inputsOf: ({ input }) => [input],

  checkCall(call) {
    const { sizes, strides, begins, ends, offset, batch, imageBytes } = call;
    requirePositive('batch', batch);
    requirePositive('imageBytes', imageBytes);
    requireLength('sizes', sizes, LOOPS);
    requireLength('strides', strides, LOOPS);
    requireLength('begins', begins, LOOPS);
    requireLength('ends', ends, LOOPS);
    let [least, greatest] = [offset, offset];
    for (let k = 0; k < LOOPS; k++) {
      requirePositive(`sizes[${k}]`, sizes[k]);
      if (!Number.isSafeInteger(strides[k])) throw expected('integer', `strides[${k}]`, strides[k]);
      const isWithin = begins[k] >= 0 && begins[k] < ends[k] && ends[k] <= sizes[k];
      if (!isWithin || !Number.isSafeInteger(begins[k]) || !Number.isSafeInteger(ends[k])) {
        throw expected(`integers in [0, ${sizes[k]}]`, `begins and ends[${k}]`, [
          begins[k],
          ends[k],
        ]);
      }
      const [first, last] = [begins[k] * strides[k], (ends[k] - 1) * strides[k]];
      least += Math.min(first, last);
      greatest += Math.max(first, last);
    }
    if (!(least >= 0 && greatest < imageBytes)) {
      throw expected(`places in an image of ${imageBytes} bytes`, 'the map', [least, greatest]);
    }
    requireZeroPoint('fill', call.fill);
    requireLength('input', call.input, batch * imageBytes);
    requireLength(
      'output',
      call.output,
      sizes.reduce((product, size) => product * size, batch),
    );
    requireDisjoint('input', call.input, call.output);
  },

  compute({ input, batch, imageBytes, sizes, strides, begins, ends, offset, fill, output }) {
    let to = 0;
    const write = (loop: number, from: number, isInside: boolean): void => {
      if (loop === LOOPS) {
        output[to++] = isInside ? input[from] : fill;
        return;
      }
      for (let i = 0; i < sizes[loop]; i++) {
        const isWithin = i >= begins[loop] && i < ends[loop];
        write(loop + 1, from + i * strides[loop], isInside && isWithin);
      }
    };
    for (let n = 0; n < batch; n++) write(0, n * imageBytes + offset, true);
  },
};

function arrangedShape(
  { name, arrangement, output }: RearrangeNode,
  [{ shape }]: readonly TensorSpec[],
): ImageShape {
  const [height, width, channels] = shape;
  const refuse = (what: string) => {
    throw new QuantizationError(`Expected ${what} for ${name} but received [${shape}]`);
  };
  switch (arrangement.kind) {
    case 'pad': {
      const { top, bottom, left, right } = arrangement.padding;
      return [top + height + bottom, left + width + right, channels];
    }
    case 'slice': {
      const { begin, strides } = arrangement;
      const last = output.shape.map((size, axis) => begin[axis] + (size - 1) * strides[axis]);
      if (last.some((place, axis) => place >= shape[axis])) {
        refuse(`an image that reaches [${last}]`);
      }
      return output.shape;
    }
    case 'transpose': {
      const { permutation } = arrangement;
      if (permutation.toSorted().join() !== '0,1,2') {
        throw new QuantizationError(
          `Expected each of the axes 0, 1, 2 once for ${name} but received [${permutation}]`,
        );
      }
      return [shape[permutation[0]], shape[permutation[1]], shape[permutation[2]]];
    }
    case 'reshape':
      if (elements(output.shape) !== elements(shape)) {
        refuse(`an image of ${elements(output.shape)} values`);
      }
      return output.shape;
    case 'depthToSpace': {
      const { block } = arrangement;
      if (channels % block ** 2 !== 0) refuse(`a multiple of ${block ** 2} channels`);
      return [height * block, width * block, channels / block ** 2];
    }
    case 'spaceToDepth': {
      const { block } = arrangement;
      if (height % block !== 0 || width % block !== 0)
        refuse(`sides that are multiples of ${block}`);
      return [height / block, width / block, channels * block ** 2];
    }
    case 'repeat': {
      const { times } = arrangement;
      return [height * times[0], width * times[1], channels];
    }
  }
}
