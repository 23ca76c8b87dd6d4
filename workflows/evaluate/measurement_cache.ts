import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../foundation/errors.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import { codeVersion } from '../records/environment.ts';
import { type Identity, keyOf, readStored, writeStored } from '../records/stored_result.ts';
import type { OutputsCount } from './compare_outputs.ts';

/** Files that are kept, of about a kilobyte each; those that were used longest ago go first. */
const MOST_FILES = 1000;

const ms = z.number().min(0);
const share = z.number().min(0).max(1);
const count = z.int().min(0);
const sum = z.array(z.number());

const measurementSchema = z.strictObject({
  images: z.int().min(1),
  first: count,
  firstFive: count,
  skippedImages: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
  time: z.strictObject({
    seconds: ms,
    imagesPerSecond: ms,
    decodeMs: ms,
    resizeMs: ms,
    runMs: ms,
    runShare: share,
    waitShare: share,
  }),
  measuredAt: z.iso.datetime(),
});

const outputsSchema = z.strictObject({
  images: count,
  skipped: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
  outputs: z.array(
    z.strictObject({
      name: z.string(),
      hasClasses: z.boolean(),
      images: count,
      agreeing: count,
      float: sum,
      tf8: sum,
      product: sum,
      noise: sum,
    }),
  ),
});

/** What an evaluation found of one network, and when. */
export type Measurement = Readonly<z.infer<typeof measurementSchema>>;

/**
 * What evaluations have found, in `<cacheDir>/measurements`: the same code measures the same network on
 * the same images once. A file is written whole or not at all, so that processes may share the folder;
 * one that cannot be read or written costs no more than measuring anew.
 */
export class MeasurementCache {
  private readonly dir: string;
  private readonly context: Context;
  private readonly code: string;
  private readonly isFresh: boolean;

  private constructor(context: Context, code: string, isFresh: boolean) {
    this.dir = join(context.cacheDir, 'measurements');
    this.context = context;
    this.code = code;
    this.isFresh = isFresh;
  }

  /**
   * Undefined without a folder for it (an empty `cacheDir`), and where nobody can tell the code's version.
   * @param isFresh finds nothing, so that all is measured anew
   */
  static async open(context: Context, isFresh = false): Promise<MeasurementCache | undefined> {
    if (context.cacheDir === '') return undefined;
    const code = await codeVersion();
    return code === undefined ? undefined : new MeasurementCache(context, code, isFresh);
  }

  find(identity: Identity): Promise<Measurement | undefined> {
    return this.read(identity, measurementSchema);
  }

  keep(identity: Identity, measurement: Measurement): Promise<void> {
    return this.write(identity, measurement, measurement.time.seconds);
  }

  findOutputs(identity: Identity): Promise<OutputsCount | undefined> {
    return this.read(identity, outputsSchema);
  }

  keepOutputs(identity: Identity, found: OutputsCount, seconds: number): Promise<void> {
    return this.write(identity, found, seconds);
  }

  private async read<Schema extends z.ZodType>(
    identity: Identity,
    schema: Schema,
  ): Promise<z.infer<Schema> | undefined> {
    if (this.isFresh) return undefined;
    const path = this.path(identity);
    try {
      const { reporter } = this.context;
      const found = await readStored(path, this.whole(identity), schema, reporter);
      if (found === undefined) return undefined;
      const now = new Date();
      await utimes(path, now, now).catch(() => undefined); // a folder that is only read
      return found.result;
    } catch (error) {
      this.context.reporter.warn(`Measured anew: ${messageOf(error)}`);
      return undefined;
    }
  }

  private async write(identity: Identity, result: unknown, seconds: number): Promise<void> {
    try {
      const stored = { result, seconds };
      await writeStored(this.path(identity), this.whole(identity), stored);
      await this.removeOldest();
    } catch (error) {
      this.context.reporter.warn(`The next evaluation has to measure anew: ${messageOf(error)}`);
    }
  }

  private whole(identity: Identity): Identity {
    return { code: this.code, ...identity };
  }

  private path(identity: Identity): string {
    return join(this.dir, `${keyOf(this.whole(identity))}.json`);
  }

  private async removeOldest(): Promise<void> {
    const names = await readdir(this.dir);
    if (names.length <= MOST_FILES) return;
    const files: { readonly path: string; readonly used: number }[] = [];
    for (const name of names) {
      const path = join(this.dir, name);
      const info = await stat(path).catch(() => undefined); // another process may have removed it
      if (info !== undefined) files.push({ path, used: info.mtimeMs });
    }
    files.sort((a, b) => b.used - a.used);
    for (const { path } of files.slice(MOST_FILES)) await rm(path, { force: true });
  }
}
