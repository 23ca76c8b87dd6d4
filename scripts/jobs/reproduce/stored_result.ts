import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../../../checkpoints/artifacts/atomic_file.ts';
import { messageOf } from '../../../checkpoints/artifacts/errors.ts';
import { errorCode } from '../../../checkpoints/artifacts/file_errors.ts';
import type { Reporter } from '../../../checkpoints/artifacts/reporter.ts';
import { firstIssue } from '../../../checkpoints/first_issue.ts';

/** All that decides a result, as JSON. */
export type Identity = Readonly<Record<string, unknown>>;

/** A result that was stored, and what making it took. */
export interface Stored<Result> {
  readonly result: Result;
  readonly seconds: number;
}

const envelopeSchema = z.strictObject({
  identity: z.record(z.string(), z.json()),
  result: z.json(),
  seconds: z.number().min(0),
  /** SHA-256 of the others as JSON, in this order. */
  sha256: z.string(),
});

/** Names what has this identity: 48 bits, of which a folder of results never sees two alike. */
export function keyOf(identity: Identity): string {
  return sha256Of(identity).slice(0, 12);
}

/** Stores a result under its identity. */
export async function writeStored<Result>(
  path: string,
  identity: Identity,
  { result, seconds }: Stored<Result>,
): Promise<void> {
  const content = { identity, result, seconds };
  const text = JSON.stringify({ ...content, sha256: sha256Of(content) }, null, 2);
  await writeFileAtomic(path, `${text}\n`);
}

/**
 * The result that is stored at `path`; undefined where there is none, and where it is damaged or
 * another's, of which the reporter is warned: it is to be made again.
 */
export async function readStored<Schema extends z.ZodType>(
  path: string,
  identity: Identity,
  schema: Schema,
  reporter: Reporter,
): Promise<Stored<z.infer<Schema>> | undefined> {
  try {
    const { sha256, ...content } = parse(envelopeSchema, JSON.parse(await readFile(path, 'utf8')));
    if (sha256Of(content) !== sha256) throw new Error('its content is not what was stored');
    if (sha256Of(content.identity) !== sha256Of(identity)) throw new Error("it is another's");
    return { result: parse(schema, content.result), seconds: content.seconds };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') {
      reporter.warn(`${path} is damaged and made again: ${messageOf(error)}`);
    }
    return undefined;
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(firstIssue(parsed.error));
}

function sha256Of(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
