import { visibleLines, visibleName } from '../foundation/reporting/visible_text.ts';

/** Fields of results that are texts of several lines, made here. */
const TEXTS: readonly string[] = ['table'];

/** A copy of a result in whose strings nothing is left that a terminal would act upon. */
export function visibleResult<Result>(result: Result): Result {
  return visible(result, '') as Result;
}

function visible(value: unknown, key: string): unknown {
  if (typeof value === 'string') {
    return TEXTS.includes(key) ? visibleLines(value) : visibleName(value);
  }
  if (Array.isArray(value)) return value.map((item) => visible(item, key));
  // Numbers in typed arrays, and objects of a class, are no texts.
  if (value === null || typeof value !== 'object') return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [visibleName(name), visible(item, name)]),
  );
}
