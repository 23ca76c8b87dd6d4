/** An operation of a network that its integer part does not reach. */
export interface LeftOut {
  readonly name: string;
  /** As its file calls it. */
  readonly op: string;
  /** Of the multiply-accumulates of the float graph for one image, in [0, 1]; absent of what it does not hold. */
  readonly macsShare?: number;
  /** Why the graph does not hold it, where it does not because of another one. */
  readonly reason?: string;
}

/** "3 GatherV2, 1 TopKV2": how many there are of each kind, the most first. */
export function kindsOf(leftOut: readonly LeftOut[]): string {
  const counts = new Map<string, number>();
  for (const { op } of leftOut) counts.set(op, (counts.get(op) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([op, count]) => `${count} ${op}`).join(', ');
}
