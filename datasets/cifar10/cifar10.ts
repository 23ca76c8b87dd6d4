import { access, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fetchArtifact, type Route } from '../../foundation/downloads/fetch_artifact.ts';
import { UserError } from '../../foundation/errors.ts';
import { type Reporter, SILENT_REPORTER } from '../../foundation/reporting/reporter.ts';
import type { LabelledDataset, StoredSplit } from '../dataset.ts';
import { imageFileDataset } from '../image_file_dataset.ts';
import { decodeImage } from '../images/decode_image.ts';
import { type LabelledFile, listImageFiles, subfolders } from '../images/image_files.ts';
import { centralFractionOf } from '../images/preprocess.ts';
import type { OpenOptions } from '../open_options.ts';
import { type LabelledPixels, pixelDataset } from '../pixel_dataset.ts';
import { CIFAR10_BINARY_FILES, readCifar10Archive, readCifar10Folder } from './cifar10_binary.ts';
import { readImageTar } from './cifar10_tar.ts';

const ARCHIVE = 'cifar-10-binary.tar.gz';

const OFFICIAL = {
  kind: 'url',
  url: `https://www.cs.toronto.edu/~kriz/${ARCHIVE}`,
  sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
} as const satisfies Route;

const CLASS_NAMES: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

const SIDE = 32;

/**
 * CIFAR-10 (Krizhevsky 2009): 50,000 and 10,000 colour images of 32 × 32. `dir` is one of
 * - `cifar-10-binary.tar.gz`, the official archive,
 * - a folder with its data_batch_1.bin … test_batch.bin, or with cifar-10-batches-bin/,
 * - a folder with `{train,test}/<class>/<file>` images of 32 × 32 (others are skipped and named),
 * - a folder with train.tar and test.tar, whose entries are the same files;
 * without `dir` the official archive is fetched, pinned by SHA-256.
 *
 * @throws UserError where `dir` is none of these, or its content is damaged; fetchArtifact's errors
 */
export async function openCifar10(options: OpenOptions): Promise<LabelledDataset> {
  const { dir, cacheDir, reporter, signal } = options;
  if (dir === undefined) {
    const fetch = options.source?.fetchArtifact ?? fetchArtifact;
    const common = { name: ARCHIVE, routes: [OFFICIAL], cacheDir, reporter };
    const { path } = await fetch({ ...common, ...(signal && { signal }) });
    return binaryDataset(await readCifar10Archive(path), OFFICIAL.url);
  }
  const origin = resolve(dir);
  if ((await stat(dir).catch(() => undefined))?.isFile()) {
    return binaryDataset(await readCifar10Archive(dir), origin);
  }
  const names = await subfolders(dir);
  const binary = await binaryFolder(dir);
  if (binary !== undefined) return binaryDataset(await readCifar10Folder(binary), origin);
  if (names.includes('train') && names.includes('test')) {
    return imagesDataset(origin, (split) => listSplit(dir, split, reporter));
  }
  const tarOf = (split: StoredSplit) => join(dir, `${split}.tar`);
  if (await holdsTars(dir)) {
    return imagesDataset(origin, (split) =>
      readImageTar(tarOf(split), { split, classNames: CLASS_NAMES, reporter }),
    );
  }
  throw new UserError(
    `Expected CIFAR-10 in ${dir} but found ${names.length === 0 ? 'no folders' : `the folders ${names.slice(0, 5).join(', ')}`} and no ${CIFAR10_BINARY_FILES[0]}.`,
    {
      remedy: `Pass ${ARCHIVE}, the folder of its .bin files, or a folder with train/ and test/ (or train.tar and test.tar) that hold a folder for each class.`,
    },
  );
}

/**
 * Whether `path` is CIFAR-10 by the names of its files or folders. Folders of its ten classes are, where
 * the first image of one is of its size: photographs of aeroplanes to trucks may be anyone's own.
 */
export async function isCifar10(path: string): Promise<boolean> {
  if ((await stat(path)).isFile()) return basename(path) === ARCHIVE;
  if ((await binaryFolder(path)) !== undefined || (await holdsTars(path))) return true;
  const names = await subfolders(path);
  if (!names.includes('train') || !names.includes('test')) return false;
  const classes = await subfolders(join(path, 'train'));
  if (classes.join() !== CLASS_NAMES.join()) return false;
  const folder = { path: join(path, 'train', classes[0]), name: classes[0], label: 0 };
  const [first] = await listImageFiles([folder], SILENT_REPORTER);
  if (first === undefined) return false;
  const image = await decodeImage(first.path).catch(() => undefined);
  return image?.width === SIDE && image.height === SIDE;
}

async function binaryFolder(dir: string): Promise<string | undefined> {
  for (const folder of [dir, join(dir, 'cifar-10-batches-bin')]) {
    if (await exists(join(folder, CIFAR10_BINARY_FILES[0]))) return folder;
  }
  return undefined;
}

async function holdsTars(dir: string): Promise<boolean> {
  return (await exists(join(dir, 'train.tar'))) && (await exists(join(dir, 'test.tar')));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function binaryDataset(
  splits: Readonly<Record<StoredSplit, LabelledPixels>>,
  origin: string,
): LabelledDataset {
  return pixelDataset({ name: 'cifar10', classNames: CLASS_NAMES, origin, splits });
}

async function imagesDataset(
  origin: string,
  filesOf: (split: StoredSplit) => Promise<LabelledFile[]>,
): Promise<LabelledDataset> {
  return imageFileDataset({
    name: 'cifar10',
    classNames: CLASS_NAMES,
    origin,
    files: { train: await filesOf('train'), test: await filesOf('test') },
    centralFraction: centralFractionOf('cifar10'),
    onlySize: { height: SIDE, width: SIDE },
  });
}

async function listSplit(
  dir: string,
  split: StoredSplit,
  reporter: Reporter,
): Promise<LabelledFile[]> {
  const base = join(dir, split);
  const folders = (await subfolders(base)).map((name) => {
    const label = CLASS_NAMES.indexOf(name);
    if (label < 0) {
      throw new UserError(
        `Expected the classes of CIFAR-10 in ${base} but found the folder ${name}.`,
        {
          remedy: `Remove or rename ${join(base, name)}; the classes are ${CLASS_NAMES.join(', ')}.`,
        },
      );
    }
    return { path: join(base, name), name: `${split}/${name}`, label };
  });
  const files = await listImageFiles(folders, reporter);
  if (files.length === 0) {
    throw new UserError(`Expected image files in the class folders of ${base} but found none.`, {
      remedy: `Put images into ${join(base, CLASS_NAMES[0])} and the other classes' folders.`,
    });
  }
  return files;
}
