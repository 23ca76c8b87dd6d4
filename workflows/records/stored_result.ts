import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { errorCode } from '../../foundation/files/file_errors.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';

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
 * Makes a result and stores it with the time that it took.
 * @throws the signal's reason when aborted: nothing is stored then; what `make` throws
 */
export async function makeStored<Result>(
  path: string,
  identity: Identity,
  make: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Stored<Result>> {
  const begun = performance.now();
  const result = await make();
  signal.throwIfAborted();
  const stored = { result, seconds: (performance.now() - begun) / 1000 };
  await writeStored(path, identity, stored);
  return stored;
}

/**
 * The result that is stored at `path`; undefined where there is none, and where it is damaged or
 * another's, of which the reporter is warned: it is to be made again.
 * @throws UserError where there is a file that cannot be read: what took hours may be whole
 */
export async function readStored<Schema extends z.ZodType>(
  path: string,
  identity: Identity,
  schema: Schema,
  reporter: Reporter,
): Promise<Stored<z.infer<Schema>> | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    const { sha256, ...content } = parse(envelopeSchema, JSON.parse(text));
    if (sha256Of(content) !== sha256) throw new Error('its content is not what was stored');
    if (sha256Of(content.identity) !== sha256Of(identity)) throw new Error("it is another's");
    return { result: parse(schema, content.result), seconds: content.seconds };
  } catch (error) {
    reporter.warn(`${path} is damaged and made again: ${messageOf(error)}`);
    return undefined;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new UserError(`Expected a stored result in ${path} but: ${messageOf(error)}`, {
      remedy: 'See to it that it can be read, or remove it: then it is made again.',
      cause: error,
    });
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
