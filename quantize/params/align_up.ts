/** The least multiple of `alignment` that is not below `bytes`, an address or a length. */
export function alignUp(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
