import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/**
 * All of zod's complaints, one a line: "training.steps: expected int, received 1.5".
 * @param value what was parsed
 */
export function issueLines({ issues }: z.ZodError, value: unknown): string[] {
  return issues.flatMap(innermost).map(({ code, path, message }) => {
    const isSaid = code === 'unrecognized_keys' || message.includes('received');
    const received = isSaid ? '' : `, received ${shown(at(value, path))}`;
    const text = `${message}${received}`;
    return path.length === 0 ? text : `${path.join('.')}: ${text}`;
  });
}

/** Of a choice, the complaints of the form that fits best: with the fewest of them. */
function innermost(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const [fewest] = [...issue.errors].sort((a, b) => a.length - b.length);
  return fewest.flatMap((inner) =>
    innermost({ ...inner, path: [...issue.path, ...inner.path] } as Issue),
  );
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
}

/** As JSON has it, a long one by its kind. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) {
    return `an object of ${Object.keys(value).join(', ') || 'nothing'}`;
  }
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
