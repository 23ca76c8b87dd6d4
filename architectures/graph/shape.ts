/** Of one image, without the batch in front: [H, W, C], [C], … */
export type Shape = readonly number[];

/** Number of values. */
export function elements(shape: Shape): number {
  return shape.reduce((product, side) => product * side, 1);
}

export function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((side, axis) => side === b[axis]);
}
