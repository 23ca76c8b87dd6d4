/** Number of elements of a tensor of `shape`; 1 for a scalar. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
