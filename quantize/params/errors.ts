/**
 * Thrown by everything under `quantize/`: an argument or a model that the arithmetic refuses.
 * The message says what was expected, of what, and what came; `remedy` says what to do. A class of its
 * own, with the fields of `UserError`, since the arithmetic imports nothing.
 */
export class QuantizationError extends Error {
  override readonly name: string = 'QuantizationError';
  readonly remedy: string | undefined;

  constructor(message: string, options: { remedy?: string } = {}) {
    super(message);
    this.remedy = options.remedy;
  }
}

/** A file that is not what it should be: the message names it. */
export class FileError extends QuantizationError {}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** "Expected integer in [0, 255] for zeroPoint but received 256 of type number". */
export function expected(what: string, name: string, received: unknown): QuantizationError {
  const shown = Array.isArray(received) ? `[${received}]` : String(received);
  return new QuantizationError(
    `Expected ${what} for ${name} but received ${shown} of type ${typeof received}`,
  );
}
