/** Where part `part` of `parts` nearly equal ones of [0, count) begins; part `parts` at `count`. */
export function partBegin(count: i32, part: i32, parts: i32): i32 {
  return <i32>((<i64>count * part) / parts);
}
