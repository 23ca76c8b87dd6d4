/** Models in a zip, as Teachable Machine and others hand them out. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import { messageOf, UserError } from '../foundation/errors.ts';
import { makeFolder } from '../foundation/files/make_folder.ts';
import { FLOAT_MODEL_FILES, type FloatModelPlace, floatModelPlace } from './float_model_place.ts';

/** Above any network with its labels. */
const MOST_FILES = 1000;
const MOST_BYTES = 2 ** 31;

/** What macOS adds to every zip. */
const SIDE_FOLDER = '__MACOSX';

/**
 * Does work with the files of a model: those of a zip lie in a folder for temporary files meanwhile.
 * @throws UserError where the zip is damaged, too large, or holds no model or several; what `use` throws
 */
export async function withModelFiles<Result>(
  place: FloatModelPlace,
  use: (place: FloatModelPlace) => Promise<Result>,
): Promise<Result> {
  if (place.kind !== 'zip') return use(place);
  const { path } = place;
  const folder = await mkdtemp(join(tmpdir(), 'tf8-zip-'));
  try {
    await unpack(path, folder);
    return await use(await placeIn(folder, path));
  } catch (error) {
    throw named(error, folder, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** yauzl refuses names that lead out of the folder, and files of another size than the directory says. */
async function unpack(path: string, folder: string): Promise<void> {
  const refuse = (what: string, cause?: unknown) =>
    new UserError(`Expected a zip with a model but ${path} ${what}`, {
      remedy: 'Get the file again, or unpack it yourself and pass the model in it.',
      cause,
    });
  let [files, bytes] = [0, 0];
  try {
    const zip = await openPromise(path, { lazyEntries: true, strictFileNames: true });
    try {
      for await (const entry of zip.eachEntry()) {
        const { fileName, uncompressedSize } = entry;
        if (fileName.endsWith('/') || fileName.startsWith(`${SIDE_FOLDER}/`)) continue;
        files++;
        bytes += uncompressedSize;
        if (files > MOST_FILES || bytes > MOST_BYTES) {
          throw refuse(`holds more than ${MOST_FILES} files or ${MOST_BYTES} bytes`);
        }
        const target = join(folder, fileName);
        await makeFolder(dirname(target));
        const content = await zip.openReadStreamPromise(entry);
        await pipeline(content, createWriteStream(target, { flags: 'wx' }));
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw refuse(`cannot be unpacked (${messageOf(error)})`, error);
  }
}

/** The model in a folder, or in the only folder that it holds. */
async function placeIn(folder: string, zip: string): Promise<FloatModelPlace> {
  for (let at = folder; ; ) {
    const place = await floatModelPlace(at);
    if (place !== undefined && place.kind !== 'zip') return place;
    const entries = await readdir(at, { withFileTypes: true });
    const [only, ...others] = entries.filter((entry) => entry.isDirectory());
    if (only === undefined || others.length > 0) break;
    at = join(at, only.name);
  }
  const names = (await readdir(folder, { recursive: true })).slice(0, 10).join(', ');
  throw new UserError(`Expected a zip with a model but ${zip} holds ${names || 'nothing'}`, {
    remedy: `Pass a zip of ${FLOAT_MODEL_FILES}.`,
  });
}

/** With the zip's name in the place of the folder that it was unpacked into. */
function named(error: unknown, folder: string, zip: string): unknown {
  if (!(error instanceof UserError) || !error.message.includes(folder)) return error;
  const { remedy } = error;
  const renamed = (text: string) =>
    text.replaceAll(folder, zip).replaceAll(basename(folder), basename(zip));
  return new UserError(renamed(error.message), {
    ...(remedy !== undefined && { remedy: renamed(remedy) }),
    cause: error,
  });
}
