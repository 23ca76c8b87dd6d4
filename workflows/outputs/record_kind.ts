/** Which of tf8's records a file of JSON is, for messages: nothing is loaded for it. */
import { readFile, stat } from 'node:fs/promises';

const MAX_BYTES = 256 * 2 ** 20;

/** Each by what only it has. */
const KINDS = [
  ['what was counted of a shard', ['tf8Shard', 'shard']],
  ['the record of an evaluation', ['configuration', 'dataSha256', 'skippedImages']],
  ['an analysis', ['kernelTier', 'zeroVariance', 'layers']],
] as const;

/** What a record is called. */
export type RecordKind = (typeof KINDS)[number][0];

/** undefined where a value of JSON is none. */
export function kindOfJson(json: unknown): RecordKind | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  return KINDS.find(([, names]) => names.every((name) => name in json))?.[0];
}

/** The same of a file. */
export async function kindOfRecord(path: string): Promise<RecordKind | undefined> {
  try {
    return (await stat(path)).size > MAX_BYTES
      ? undefined
      : kindOfJson(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // It cannot be read, or is no JSON.
  }
}
