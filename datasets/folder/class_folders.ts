import { join, resolve } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { abbreviated } from '../abbreviated.ts';
import type { LabelledDataset } from '../dataset.ts';
import { grouped } from '../grouped.ts';
import { imageFileDataset } from '../image_file_dataset.ts';
import type { BySplit } from '../image_set_dataset.ts';
import { type FoundImage, findImages, isSideFolder } from '../images/find_images.ts';
import {
  folderEntries,
  type LabelledFile,
  sizedFiles,
  subfolders,
  warnOfOthers,
} from '../images/image_files.ts';
import { hasImageName, READ_FORMATS, unreadFormatOf } from '../images/image_formats.ts';
import { SLIM_CENTRAL_FRACTION } from '../images/preprocess.ts';
import type { OpenOptions } from '../open_options.ts';
import { findClassLayout } from './class_layout.ts';
import { checkSplitClasses, classNameOf, classNamesOf } from './class_names.ts';
import { describeFolder } from './describe_folder.ts';
import { splitByClass } from './split_by_class.ts';

/** Seed of the division of folders that are not divided: the same for every command. */
const SPLIT_SEED = 0;

/** What lies in a class's folder. */
interface ClassContent {
  /** Of the class's folder. */
  readonly folder: string;
  readonly images: readonly FoundImage[];
  readonly others: readonly string[];
}

/**
 * Images of anyone's own classes: `<dir>/<class>/<file>`, where the folders' names are the classes', in
 * the order of their code points (see findClassLayout for folders that are divided into `train`, `val`
 * and `test`). Files may lie deeper. Where nobody has divided the images, a fifth of each class is the
 * test split (splitByClass with `options.splitSeed`).
 *
 * Hidden files and those that are no images are left out, which warnings tell. Images are preprocessed
 * as ImageNet's; broken ones are found when they are read.
 *
 * @throws UserError where `dir` is no folder, holds no two classes, a class's folder holds no image, two
 *   have one name, or a split has a class that is not trained
 */
export async function openClassFolders(
  dir: string,
  {
    reporter,
    signal,
    splitSeed = SPLIT_SEED,
  }: Pick<OpenOptions, 'reporter' | 'signal' | 'splitSeed'>,
): Promise<LabelledDataset> {
  const layout = await findClassLayout(dir);
  if (layout === undefined) throw await noClassFolders(dir);
  warnOfFolders(dir, layout.others, reporter);
  const { train: root, ...otherRoots } = layout.roots;
  const content = await readClasses(dir, root, reporter, signal);
  const folders = content.map(({ folder }) => folder);
  const classNames = classNamesOf(join(dir, root), folders, reporter);
  const all = await labelled(content, classNames);

  const others: { test?: LabelledFile[]; validation?: LabelledFile[] } = {};
  for (const split of ['test', 'validation'] as const) {
    const other = otherRoots[split];
    if (other === undefined) continue;
    const otherContent = await readClasses(dir, other, reporter, signal);
    const otherNames = otherContent.map(({ folder }) => classNameOf(folder));
    const roots = { train: root, other };
    checkSplitClasses(dir, roots, { train: classNames, other: otherNames }, reporter);
    others[split] = await labelled(otherContent, classNames);
  }
  return imageFileDataset({
    name: 'folder',
    classNames,
    classesAreOwn: true,
    origin: resolve(dir),
    files:
      others.test === undefined
        ? dividedByClass(all, root, splitSeed, reporter)
        : { ...others, train: all, test: others.test },
    centralFraction: SLIM_CENTRAL_FRACTION,
  });
}

/** Lists the class folders of a split. */
async function readClasses(
  dir: string,
  root: string,
  reporter: Reporter,
  signal: AbortSignal | undefined,
): Promise<ClassContent[]> {
  const base = join(dir, root);
  const folders = (await subfolders(base)).filter((name) => !isSideFolder(name));
  const progress = reporter.start('Listing images', folders.length, 'folders');
  const content: ClassContent[] = [];
  try {
    for (const [done, folder] of folders.entries()) {
      const name = root === '' ? folder : `${root}/${folder}`;
      content.push({ folder, ...(await findImages(join(base, folder), name, signal)) });
      progress.update(done + 1);
    }
  } finally {
    progress.end();
  }
  const empty = content.filter(({ images }) => images.length === 0);
  if (empty.length > 0) throw emptyFolders(base, empty);
  const beside = (await folderEntries(base)).filter((entry) => !entry.isDirectory());
  const loose = beside.filter(({ name }) => hasImageName(name)).map(({ name }) => name);
  if (loose.length > 0) {
    reporter.warn(
      `Left out ${loose.length === 1 ? '1 image' : `${loose.length} images`} of ${base} in no class's folder: ${abbreviated(loose)}`,
    );
  }
  warnOfOthers(
    content.flatMap(({ others }) => others),
    reporter,
  );
  return content;
}

function labelled(
  content: readonly ClassContent[],
  classNames: readonly string[],
): Promise<LabelledFile[]> {
  return sizedFiles(
    content.flatMap(({ folder, images }) => {
      const label = classNames.indexOf(classNameOf(folder));
      return images.map((image) => ({ ...image, label }));
    }),
  );
}

function dividedByClass(
  files: readonly LabelledFile[],
  root: string,
  seed: number,
  reporter: Reporter,
): BySplit<readonly LabelledFile[]> {
  const splits = splitByClass(files, {
    classOf: ({ label }) => label,
    keyOf: ({ name }) => (root === '' ? name : name.slice(root.length + 1)),
    seed,
  });
  const share = Math.round((100 * splits.test.length) / files.length);
  reporter.info(
    `Divided ${files.length} images by class: ${splits.train.length} to train, ${splits.test.length} (${share} %) to test`,
  );
  const lone = [...grouped(files, ({ label }) => label).values()].filter(
    ({ length }) => length < 2,
  );
  if (lone.length > 0) {
    const names = lone.map(([{ name }]) => name);
    reporter.warn(
      `Not tested, as they are the only images of their classes: ${abbreviated(names)}`,
    );
  }
  return splits;
}

function warnOfFolders(dir: string, folders: readonly string[], reporter: Reporter): void {
  if (folders.length === 0) return;
  const count = folders.length === 1 ? '1 folder' : `${folders.length} folders`;
  reporter.warn(`Left out ${count} of ${dir} beside the splits: ${abbreviated(folders)}`);
}

function emptyFolders(base: string, empty: readonly ClassContent[]): UserError {
  const unread = new Set(
    empty.flatMap(({ others }) =>
      others.map(unreadFormatOf).filter((format) => format !== undefined),
    ),
  );
  const names = abbreviated(empty.map(({ folder }) => folder));
  return new UserError(
    `Expected images in each class's folder of ${base} but found none in ${names}${unread.size === 0 ? '' : ` (${[...unread].join(', ')} is not read)`}.`,
    {
      remedy: `Put ${READ_FORMATS} files there, or move ${empty.length === 1 ? 'the folder' : 'the folders'} out of ${base}.`,
    },
  );
}

async function noClassFolders(dir: string): Promise<UserError> {
  return new UserError(
    `Expected two or more folders of images, named by their classes, in ${dir} but found ${await describeFolder(dir)}.`,
    {
      remedy:
        'Put the images of each class into a folder of its own: cat/…, dog/…. Images without classes are the data set "images".',
    },
  );
}
