/** Of each tensor that some node reads, the position of the last one that does: it can be freed then. */
export function lastUses(
  nodes: readonly { readonly inputs: readonly string[] }[],
): ReadonlyMap<string, number> {
  return new Map(
    nodes.flatMap(({ inputs }, index) => inputs.map((name) => [name, index] as const)),
  );
}
