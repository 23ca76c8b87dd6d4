import type { z } from 'zod';

/** The first of zod's complaints in one line: "training.steps: expected int". */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  const { path, message } = issue;
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}
