import { UserError } from '../../foundation/errors.ts';

/** The error of a file that is not what an ONNX model should be. */
export function damagedOnnx(name: string, reason: string, cause?: unknown): UserError {
  return new UserError(`Expected a sound ONNX model but ${name} is damaged: ${reason}`, {
    remedy: 'Get the file again, or export the network again.',
    cause,
  });
}

/** Operators of a network that is quantized. */
const QUANTIZED =
  /^(Quantize|DequantizeLinear|DynamicQuantize|QLinear|ConvInteger|MatMulInteger|QGemm)/;

/** An operator that no float graph can hold, or not in this form: the network may end before it. */
export class UnsupportedOnnxError extends UserError {
  override readonly name = 'UnsupportedOnnxError';
  /** What there is nothing for: "the operator", or part of it. */
  readonly what: string;

  constructor({ operator, tensor, file }: OnnxLabel, what = 'the operator') {
    super(
      `Expected a network of operations that tf8 has but ${tensor} of ${file} is ${operator}: it does not have ${what}`,
      {
        remedy: QUANTIZED.test(operator)
          ? 'The network is quantized already: give the float network that it was made of.'
          : 'Export the network without it: what computes on the results (boxes, top classes) is better done by the program that calls it.',
      },
    );
    this.what = what;
  }
}

/** What errors call an operator. */
export interface OnnxLabel {
  /** "Conv" */
  readonly operator: string;
  /** Of its output. */
  readonly tensor: string;
  readonly file: string;
}
