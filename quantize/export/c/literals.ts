/** Constants of C99 as text. */

const LINE = 100;

/** A normal single-precision number > 0, exactly: "0x1.8p-7f". */
export function floatLiteral(value: number): string {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0];
  // The fraction's 23 bits, one 0 behind them, are 6 hexadecimal digits.
  const digits = ((bits & 0x7fffff) << 1).toString(16).padStart(6, '0').replace(/0+$/, '');
  return `0x1${digits && `.${digits}`}p${(bits >>> 23) - 127}f`;
}

/** A finite single-precision number ≥ 0, exactly. */
function singleLiteral(value: number): string {
  if (value === 0) return '0.0f';
  // Subnormal: a number of 2⁻¹⁴⁹.
  return value < 2 ** -126 ? `0x${(value * 2 ** 149).toString(16)}p-149f` : floatLiteral(value);
}

/** Text in UTF-8; nothing in it can end the literal or form a trigraph. */
export function stringLiteral(text: string): string {
  const letters = Array.from(new TextEncoder().encode(text), (byte) => {
    const letter = String.fromCharCode(byte);
    return /[\w ./:;,()[\]=+-]/.test(letter) ? letter : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${letters.join('')}"`;
}

/** Text that may stand in a comment, to be read by people only. */
export function commentText(text: string): string {
  return text.replace(/[^\w ./:;,()[\]=+-]/g, '_').replaceAll('*/', '__');
}

/** Numbers, separated by commas and broken into lines; not −2³¹, which has no literal. */
export function numberLines(values: Uint8Array | Int32Array | Float32Array): string {
  const isReal = values instanceof Float32Array;
  const lines: string[] = [];
  let line = '';
  for (const value of values) {
    const text = isReal ? singleLiteral(value) : String(value);
    if (line.length + text.length >= LINE) {
      lines.push(line);
      line = '';
    }
    line += `${text},`;
  }
  lines.push(line.replace(/,$/, ''));
  return lines.join('\n');
}
