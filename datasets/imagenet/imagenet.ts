import { join, resolve } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import { type Reporter, SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import { abbreviated } from '../abbreviated.ts';
import type { LabelledDataset, StoredSplit } from '../dataset.ts';
import { imageFileDataset } from '../image_file_dataset.ts';
import {
  isForbidden,
  type LabelledFile,
  listImageFiles,
  subfolders,
} from '../images/image_files.ts';
import { READ_FORMATS } from '../images/image_formats.ts';
import { SLIM_CENTRAL_FRACTION } from '../images/preprocess.ts';
import { IMAGENET_CLASSES } from './imagenet_classes.ts';

const WNID = /^n\d{8}$/;

const LABELS = new Map(IMAGENET_CLASSES.map(({ wnid }, label) => [wnid, label]));

const TEST_FOLDERS = ['val', 'validation', 'test'];

const REMEDY = 'Pass a folder whose subfolders are named by WordNet id, such as n02114548/.';

/**
 * ImageNet as class folders, or a part of it: `<dir>/<wnid>/<file>`, or the same below the one
 * subfolder of `dir` that holds such folders (images, val, …). Both splits are then the same images.
 * With `train` beside `val` (or `validation`, or `test`), these are the two splits.
 *
 * Images are files named as in a format that is read (hasImageName); the reporter is warned of others,
 * and of folders beside the class folders that are none. Labels are the 0 … 999 indices of
 * IMAGENET_CLASSES, without a background class. Batches are preprocessed as slim's evaluation (see
 * preprocessInto). Broken images are found when they are read.
 *
 * @throws UserError where `dir` is no folder, holds no class folders or several sets of them, names an
 *   unknown class or holds no image
 */
export async function openImageNet(
  dir: string,
  reporter: Reporter = SILENT_REPORTER,
): Promise<LabelledDataset> {
  const roots = await findRoots(dir);
  const train = await listSplit(dir, roots.train, reporter);
  const test = roots.test === roots.train ? train : await listSplit(dir, roots.test, reporter);
  return imageFileDataset({
    name: 'imagenet',
    classNames: IMAGENET_CLASSES.map(({ name }) => name),
    origin: resolve(dir),
    files: { train, test },
    centralFraction: SLIM_CENTRAL_FRACTION,
  });
}

/**
 * Whether `dir`, or folders within it, hold class folders, all named by WordNet ids of the 1000 classes.
 * Folders of other ids are of other classes of the larger ImageNet, which are anyone's own.
 */
export async function isImageNet(dir: string): Promise<boolean> {
  const names = await subfolders(dir);
  const inner = await Promise.all(names.map((name) => subfolders(join(dir, name))));
  return [names, ...inner].some((found) => {
    const wnids = found.filter((name) => WNID.test(name));
    return wnids.length > 0 && wnids.every((wnid) => LABELS.has(wnid));
  });
}

/** Folder of each split's class folders, relative to `dir`; '' is `dir` itself. */
async function findRoots(dir: string): Promise<Record<StoredSplit, string>> {
  const names = await subfolders(dir);
  if (names.some((name) => WNID.test(name))) return { train: '', test: '' };

  const roots: string[] = [];
  let unreadable: unknown;
  for (const name of names) {
    try {
      const inner = await subfolders(join(dir, name));
      if (inner.some((innerName) => WNID.test(innerName))) roots.push(name);
    } catch (error) {
      // A disk's own lost+found is no set of classes.
      if (!isForbidden(error)) throw error;
      unreadable = error;
    }
  }
  if (roots.length === 0 && unreadable !== undefined) throw unreadable;
  if (roots.length === 1) return { train: roots[0], test: roots[0] };
  if (roots.length === 0) {
    const found = names.length === 0 ? 'no folders' : `the folders ${abbreviated(names)}`;
    throw new UserError(`Expected ImageNet's class folders in ${dir} but found ${found}.`, {
      remedy: REMEDY,
    });
  }
  const train = roots.find((name) => name.toLowerCase() === 'train');
  const test = TEST_FOLDERS.map((wanted) =>
    roots.find((name) => name.toLowerCase() === wanted),
  ).find((name) => name !== undefined);
  if (train !== undefined && test !== undefined) return { train, test };
  throw new UserError(
    `Expected one set of class folders, or train/ and val/, in ${dir} but found sets in ${abbreviated(roots)}.`,
    { remedy: `Pass one of them, such as ${join(dir, roots[0])}.` },
  );
}

async function listSplit(dir: string, root: string, reporter: Reporter): Promise<LabelledFile[]> {
  const base = join(dir, root);
  const names = await subfolders(base);
  const wnids = names.filter((name) => WNID.test(name));
  const others = names.filter((name) => !WNID.test(name));
  if (others.length > 0) {
    const count = others.length === 1 ? '1 folder' : `${others.length} folders`;
    reporter.warn(`Left out ${count} of ${base} not named by WordNet id: ${abbreviated(others)}`);
  }
  const folders = wnids.map((wnid) => {
    const label = LABELS.get(wnid);
    if (label === undefined) {
      throw new UserError(
        `Expected the 1000 classes of ImageNet (ILSVRC 2012) in ${base} but found the folder ${wnid}, which is none of them.`,
        { remedy: `Remove or rename ${join(base, wnid)}.` },
      );
    }
    return { path: join(base, wnid), name: root === '' ? wnid : `${root}/${wnid}`, label };
  });
  const files = await listImageFiles(folders, reporter);
  if (files.length === 0) {
    throw new UserError(
      `Expected image files in the ${folders.length} class folders of ${base} but found none.`,
      { remedy: `Put ${READ_FORMATS} files directly into the class folders.` },
    );
  }
  return files;
}
