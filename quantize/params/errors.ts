/**
 * Thrown by everything under `quantize/`: an argument or a model that the arithmetic refuses.
 * The message says what was expected, of what, and what came; `remedy` says what to do.
 */
export class QuantizationError extends Error {
  override readonly name = 'QuantizationError';
  readonly remedy: string | undefined;

  constructor(message: string, options: { remedy?: string } = {}) {
    super(message);
    this.remedy = options.remedy;
  }
}

/** "Expected integer in [0, 255] for zeroPoint but received 256 of type number". */
export function expected(what: string, name: string, received: unknown): QuantizationError {
  const shown = Array.isArray(received) ? `[${received}]` : String(received);
  return new QuantizationError(
    `Expected ${what} for ${name} but received ${shown} of type ${typeof received}`,
  );
}
