/** A measured value as records hold it: six significant digits. */
export function figure(value: number): number {
  return Number(value.toPrecision(6));
}
