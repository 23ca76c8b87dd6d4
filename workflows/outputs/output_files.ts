import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { outputPath } from '../../foundation/files/output_path.ts';
import { makeWritableFolder } from '../../foundation/files/writable_folder.ts';
import { option } from '../wording.ts';
import { modelFiles } from './model_files.ts';
import { isWithin } from './outside_data.ts';
import { kindOfRecord } from './record_kind.ts';

export interface OutputRules {
  /** What is read: paths of models, images or other files, and names of public checkpoints. */
  readonly inputs: readonly string[];
  /** Folders of images that are read. */
  readonly data?: readonly (string | undefined)[] | undefined;
  /** Whether a file that tf8 did not write is replaced. */
  readonly overwrite?: boolean | undefined;
}

/** The rules of a workflow that reads a model, and folders of images. */
export function outputRules({
  model,
  data,
  calibrationData,
  overwrite,
}: {
  readonly model: string;
  readonly data?: string | undefined;
  readonly calibrationData?: string | undefined;
  readonly overwrite?: boolean | undefined;
}): OutputRules {
  return { inputs: [model], data: [data, calibrationData], overwrite };
}

/** A file that a workflow will write. */
export interface OutputFile {
  readonly path: string;
  /** Whether the regular file that lies at `path` was written by tf8: it is replaced without a question. */
  readonly isOurs: (path: string) => Promise<boolean>;
}

/**
 * Finds out before the work whether every file of its result can be written, side files included;
 * makes their folders where they are missing.
 * @throws UserError where a path is a folder, a device, a pipe or a link that leads nowhere, is one of
 *   the inputs, or holds a file that tf8 did not write and that is not to be overwritten; where a
 *   folder cannot be made or written to
 */
export async function requireOutputFiles(
  files: readonly OutputFile[],
  { inputs, data = [], overwrite = false }: OutputRules,
): Promise<void> {
  const read = await statsOf(inputs);
  for (const { path, isOurs } of files) {
    await refuseFolder(path);
    const { target, found } = await outputPath(path);
    if (found !== undefined) {
      const input = read.find(([, info]) => info.dev === found.dev && info.ino === found.ino);
      if (input !== undefined) throw isInput(path, input[0]);
      if (!(await isOurs(path))) {
        const folder = await folderOf(target, data);
        if (folder !== undefined) throw isInput(path, `in ${folder}`);
        if (!overwrite) throw await isForeign(path);
      }
    }
    await makeWritableFolder(dirname(path));
  }
}

/** The files of the inputs; what is not there, such as the name of a checkpoint, has none. */
async function statsOf(inputs: readonly string[]): Promise<readonly (readonly [string, Stats])[]> {
  const stats: [string, Stats][] = [];
  for (const input of inputs) {
    for (const file of await modelFiles(input)) {
      const info = await stat(file).catch(() => undefined);
      if (info !== undefined) stats.push([file, info]);
    }
  }
  return stats;
}

/** The one of the folders that the file `target` lies in, at any depth. */
async function folderOf(
  target: string,
  folders: readonly (string | undefined)[],
): Promise<string | undefined> {
  const path = await realpath(target);
  for (const folder of folders) {
    if (folder === undefined) continue;
    const real = await realpath(folder).catch(() => undefined);
    if (real !== undefined && isWithin(path, real)) return folder;
  }
  return undefined;
}

async function refuseFolder(path: string): Promise<void> {
  const isNamed = /[/\\]$/.test(path);
  if (!isNamed && !(await stat(path).catch(() => undefined))?.isDirectory()) return;
  throw new UserError(`Expected a file for ${option('out')} but ${path} is a folder`, {
    remedy: `Pass the name of a file, such as ${join(path, 'model.tf8')}.`,
  });
}

function isInput(path: string, input: string): UserError {
  return new UserError(
    `Expected another file to write than those that are read but ${path} is ${input === path ? 'one of them' : `${input}, one of them`}`,
    { remedy: `Pass another ${option('out')}.` },
  );
}

async function isForeign(path: string): Promise<UserError> {
  const kind = await kindOfRecord(path);
  return new UserError(
    kind === undefined
      ? `Expected no file at ${path}, or one that tf8 wrote, but another file lies there`
      : `Expected no file at ${path}, or an older one of the same kind, but ${kind} lies there`,
    {
      remedy: `Pass another ${option('out')}, or ${option('overwrite', true)} to replace it.`,
    },
  );
}
