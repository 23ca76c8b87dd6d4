/** The suite of other people's models (test/models.json): what there is, and what they must give. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from '../../foundation/repository.ts';

export const SUITE_FILE = join(repositoryRoot(), 'test', 'models.json');

const packageSchema = z.strictObject({
  package: z.string(),
  version: z.string(),
  /** Of the file that npm packs. */
  sha256: z.string(),
});

/** Of an output for the fixed image, as the other program computes it. */
const outputSchema = z.strictObject({
  name: z.string(),
  /** Of one image. */
  shape: z.array(z.int()),
  min: z.number(),
  max: z.number(),
  mean: z.number(),
  /** Values that lie evenly apart, the first one included. */
  samples: z.array(z.number()),
});

const opensSchema = z.strictObject({
  /** The program that computed the outputs, with its version. */
  oracle: z.string(),
  input: z.array(z.int()),
  operations: z.int(),
  /** Operations of the file that no float graph holds, by kind. */
  unread: z.string(),
  macs: z.int(),
  integerMacs: z.int(),
  outputs: z.array(outputSchema),
});

const modelSchema = z.strictObject({
  name: z.string(),
  package: z.string(),
  /** Of model.json or its folder, or a .tflite file, in the package. */
  path: z.string(),
  opens: opensSchema.exactOptional(),
  /** How the message begins that says why it does not open. */
  refused: z.string().exactOptional(),
});

const suiteSchema = z.strictObject({
  packages: z.array(packageSchema),
  models: z.array(modelSchema),
});

export type SuiteOutput = z.infer<typeof outputSchema>;
export type SuiteModel = z.infer<typeof modelSchema>;
export type SuitePackage = z.infer<typeof packageSchema>;
export type Suite = z.infer<typeof suiteSchema>;

export async function readSuite(): Promise<Suite> {
  return suiteSchema.parse(JSON.parse(await readFile(SUITE_FILE, 'utf8')));
}
