import { FileError } from '../params/errors.ts';

export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/**
 * @param what the text is, for the message
 * @throws QuantizationError where it is not base64
 */
export function fromBase64(text: string, what: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new FileError(`Expected base64 as ${what}`);
  }
}
