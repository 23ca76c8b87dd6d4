import { UserError } from '../../foundation/errors.ts';

/** The error of a file that is not what a TensorFlow Lite file should be. */
export function damagedTflite(name: string, reason: string): UserError {
  return new UserError(`Expected a sound TensorFlow Lite file but ${name} is damaged: ${reason}`, {
    remedy: 'Get the file again, or convert the network again.',
  });
}

/** What errors call an operator. */
export interface OperatorLabel {
  /** "CONV_2D" */
  readonly operator: string;
  /** Of its output. */
  readonly tensor: string;
  readonly file: string;
}

/** An operator that no float graph can hold, or not in this form: a network ends before it. */
export class UnsupportedOperatorError extends UserError {
  override readonly name = 'UserError';
  /** What of it there is nothing for. */
  readonly what: string;

  constructor({ operator, tensor, file }: OperatorLabel, what = 'the operator') {
    super(
      `Expected a network of operations that tf8 has but ${tensor} of ${file} is ${operator}: it does not have ${what}`,
      {
        remedy:
          'Pass a network without it: what computes on the results (boxes, top classes) is better done by the program that calls it.',
      },
    );
    this.what = what;
  }
}
