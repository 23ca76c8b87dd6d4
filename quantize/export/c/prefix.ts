import { QuantizationError } from '../../params/errors.ts';

/** C99 tells names apart by at least their first 63 characters. */
const MAX_LENGTH = 63;

/** A name as the prefix of C's names: letters, digits and underscores, a letter first. */
export function prefixOf(name: string): string {
  const word = name.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  return (/^[A-Za-z]/.test(word) ? word : `net_${word}`).slice(0, MAX_LENGTH).replace(/_$/, '');
}

/** @throws QuantizationError where it is no identifier of C that programs may define */
export function requirePrefix(prefix: string): void {
  if (/^[A-Za-z][A-Za-z0-9_]*$/.test(prefix) && prefix.length <= MAX_LENGTH) return;
  throw new QuantizationError(
    `Expected an identifier of C of at most ${MAX_LENGTH} characters, a letter first, for the prefix but received ${JSON.stringify(prefix)}`,
    { remedy: `Take letters, digits and underscores, such as ${prefixOf(prefix)}.` },
  );
}

/** A source of this folder, in which every name begins with `tf8_` or `TF8_`, with a library's names. */
export function withPrefix(source: string, prefix: string): string {
  return source
    .replace(/\btf8_/g, () => `${prefix}_`)
    .replace(/\bTF8_/g, () => `${prefix.toUpperCase()}_`);
}
