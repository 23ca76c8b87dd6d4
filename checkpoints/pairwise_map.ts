/** Operations of two numbers, of which a file may hold one. */
export type Pairwise = 'add' | 'subtract' | 'multiply' | 'divide';

/**
 * What an operation with a constant does to x, as scale · x + shift; NaN where it is no such map.
 * @param isFirst whether the constant is the first of the two
 */
export function pairwiseMap(
  op: Pairwise,
  value: number,
  isFirst: boolean,
): { readonly scale: number; readonly shift: number } {
  switch (op) {
    case 'add':
      return { scale: 1, shift: value };
    case 'subtract':
      return isFirst ? { scale: -1, shift: value } : { scale: 1, shift: -value };
    case 'multiply':
      return { scale: value, shift: 0 };
    case 'divide':
      return { scale: isFirst ? Number.NaN : 1 / value, shift: 0 };
  }
}
