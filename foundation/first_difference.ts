/** Where two JSON values differ, and what is there in each. */
export interface Difference {
  /** "recipe.batchSize" */
  readonly path: string;
  /** As JSON; "nothing" where it is missing. */
  readonly a: string;
  readonly b: string;
}

/** The first leaf in which two JSON values differ. */
export function firstDifference(a: unknown, b: unknown, path = ''): Difference | undefined {
  if (isObject(a) && isObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const inner = path === '' ? key : `${path}.${key}`;
      const difference = firstDifference(a[key], b[key], inner);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (a === b) return undefined;
  return { path, a: shown(a), b: shown(b) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
