/**
 * Twelve independent chains of a dot product and an addition, the two instructions of the matrix
 * product, with all operands in registers. The result keeps the loop from being left out.
 */
export function multiplyInRegisters(turns: i32): i32 {
  const y = i32x4.splat(turns);
  let a0 = i32x4.splat(0);
  let a1 = i32x4.splat(1);
  let a2 = i32x4.splat(2);
  let a3 = i32x4.splat(3);
  let a4 = i32x4.splat(4);
  let a5 = i32x4.splat(5);
  let a6 = i32x4.splat(6);
  let a7 = i32x4.splat(7);
  let a8 = i32x4.splat(8);
  let a9 = i32x4.splat(9);
  let a10 = i32x4.splat(10);
  let a11 = i32x4.splat(11);
  for (let i = 0; i < turns; i++) {
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(a0, y));
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(a1, y));
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(a2, y));
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(a3, y));
    a4 = i32x4.add(a4, i32x4.dot_i16x8_s(a4, y));
    a5 = i32x4.add(a5, i32x4.dot_i16x8_s(a5, y));
    a6 = i32x4.add(a6, i32x4.dot_i16x8_s(a6, y));
    a7 = i32x4.add(a7, i32x4.dot_i16x8_s(a7, y));
    a8 = i32x4.add(a8, i32x4.dot_i16x8_s(a8, y));
    a9 = i32x4.add(a9, i32x4.dot_i16x8_s(a9, y));
    a10 = i32x4.add(a10, i32x4.dot_i16x8_s(a10, y));
    a11 = i32x4.add(a11, i32x4.dot_i16x8_s(a11, y));
  }
  const low = i32x4.add(i32x4.add(a0, a1), i32x4.add(a2, a3));
  const middle = i32x4.add(i32x4.add(a4, a5), i32x4.add(a6, a7));
  const high = i32x4.add(i32x4.add(a8, a9), i32x4.add(a10, a11));
  return i32x4.extract_lane(i32x4.add(i32x4.add(low, middle), high), 0);
}
