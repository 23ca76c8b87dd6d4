/** A number with three significant digits, without an exponent. */
export function short(value: number): string {
  return String(Number(value.toPrecision(3))).replace('-', '−');
}

/** To a tenth; 0 has no sign. */
export function tenth(value: number): string {
  return value
    .toFixed(1)
    .replace(/^-0\.0$/, '0.0')
    .replace('-', '−');
}

/** A share in percent, to a tenth; smaller ones with two significant digits. */
export function percent(share: number): string {
  const value = 100 * share;
  return value >= 1 || value === 0 ? tenth(value) : String(Number(value.toPrecision(2)));
}
