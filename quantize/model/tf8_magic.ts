/** What every TF8 file begins with. */
export const MAGIC = 'TF8\n';

/** Whether bytes are those of a TF8 file, complete or not, by their start. */
export function isTf8(file: Uint8Array): boolean {
  return [...MAGIC].every((letter, index) => file[index] === letter.charCodeAt(0));
}
