/** The first `count` of the low 8 bytes. */
export function storeUpTo8(to: usize, bytes: v128, count: i32): void {
  if (count >= 8) {
    v128.store64_lane(to, bytes, 0);
    return;
  }
  let rest = i64x2.extract_lane(bytes, 0);
  if (count & 4) {
    store<u32>(to, <u32>rest);
    rest >>= 32;
    to += 4;
  }
  if (count & 2) {
    store<u16>(to, <u16>rest);
    rest >>= 16;
    to += 2;
  }
  if (count & 1) store<u8>(to, <u8>rest);
}

/** The first `count` of 16 bytes. */
export function storeUpTo16(to: usize, bytes: v128, count: i32): void {
  if (count >= 16) {
    v128.store(to, bytes);
    return;
  }
  storeUpTo8(to, bytes, count);
  if (count > 8) storeUpTo8(to + 8, i64x2.shuffle(bytes, bytes, 1, 1), count - 8);
}

/** 16 at a time: up to 15 bytes too many are read, and written behind the end. */
export function copyLoosely(to: usize, from: usize, length: i32): void {
  for (let i = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

/** 16 at a time: up to 15 bytes too many are written behind the end. */
export function fillLoosely(to: usize, value: i32, length: i32): void {
  const bytes = i8x16.splat(<i8>value);
  for (let i = 0; i < length; i += 16) v128.store(to + i, bytes);
}
