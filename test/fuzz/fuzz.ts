import { UserError } from '../../foundation/errors.ts';
import { QuantizationError } from '../../quantize/params/errors.ts';
import { drawFrom, mutated } from './mutate.ts';
import type { FuzzedReader } from './readers.ts';

/** An input that a reader did not take as it should. */
export interface Finding {
  readonly reader: string;
  /** Seed of the input (`inputOf`). */
  readonly seed: number;
  readonly thrown: string;
}

/** The input of a seed. */
export function inputOf({ corpus }: FuzzedReader, seed: number): Uint8Array {
  return mutated(corpus, drawFrom(seed));
}

/** Reads one mutated input; undefined where it was read, or refused in our words. */
export async function fuzzOnce(reader: FuzzedReader, seed: number): Promise<Finding | undefined> {
  try {
    await reader.read(inputOf(reader, seed));
    return undefined;
  } catch (error) {
    if (error instanceof UserError || error instanceof QuantizationError) return undefined;
    const thrown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { reader: reader.name, seed, thrown };
  }
}
