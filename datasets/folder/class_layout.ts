import { join } from 'node:path';
import { holdsImages, isSideFolder } from '../images/find_images.ts';
import { folderEntries, subfolders } from '../images/image_files.ts';
import { hasImageName } from '../images/image_formats.ts';

/** Where the class folders of a data set lie. */
export interface ClassLayout {
  /** Folder of each split's class folders, relative to the data set's; '' is itself. */
  readonly roots: {
    readonly train: string;
    /** Undefined where the images are not divided. */
    readonly test?: string;
    readonly validation?: string;
  };
  /** Folders beside those of the splits. */
  readonly others: readonly string[];
}

/** What folders of splits are called, in lower case. */
const TRAIN = ['train', 'training'];
const TEST = ['test', 'testing'];
const VALIDATION = ['val', 'valid', 'validation'];

/**
 * Finds the class folders of a data set: `<dir>/<class>`, or `<dir>/train/<class>` with `val` or `test`
 * or both beside it, or the same below the only folder of `dir`. With `train` and one other folder, that
 * is tested, whatever its name; with `val` and `test`, the first is the validation split.
 *
 * A folder is one of a class where it holds an image, at any depth. Undefined where no two are found.
 * @throws UserError where `dir` is no folder, or one within it may not be listed
 */
export async function findClassLayout(dir: string): Promise<ClassLayout | undefined> {
  const names = (await subfolders(dir)).filter((name) => !isSideFolder(name));
  const divided = await dividedLayout(dir, names);
  if (divided !== undefined) return divided;

  const withImages: string[] = [];
  for (const name of names) if (await holdsImages(join(dir, name))) withImages.push(name);
  if (withImages.length > 1) return { roots: { train: '' }, others: [] };
  if (withImages.length === 0 || (await holdsImagesItself(dir))) return undefined;
  const [only] = withImages;
  const inner = await findClassLayout(join(dir, only));
  return inner && below(only, inner);
}

/** The layout with a folder `train` that holds class folders. */
async function dividedLayout(
  dir: string,
  names: readonly string[],
): Promise<ClassLayout | undefined> {
  const called = async (wanted: readonly string[]): Promise<string | undefined> => {
    for (const name of names) {
      if (wanted.includes(name.toLowerCase()) && (await holdsClasses(join(dir, name)))) return name;
    }
    return undefined;
  };
  const train = await called(TRAIN);
  if (train === undefined) return undefined;
  const [ownTest, validation] = [await called(TEST), await called(VALIDATION)];
  const test = ownTest ?? validation;
  const used = [train, ownTest, validation];
  return {
    roots: {
      train,
      ...(test !== undefined && { test }),
      ...(ownTest !== undefined && validation !== undefined && { validation }),
    },
    others: names.filter((name) => !used.includes(name)),
  };
}

async function holdsClasses(path: string): Promise<boolean> {
  for (const name of await subfolders(path)) {
    if (!isSideFolder(name) && (await holdsImages(join(path, name)))) return true;
  }
  return false;
}

async function holdsImagesItself(path: string): Promise<boolean> {
  return (await folderEntries(path)).some((entry) => entry.isFile() && hasImageName(entry.name));
}

function below(name: string, { roots, others }: ClassLayout): ClassLayout {
  const inside = (inner: string): string => (inner === '' ? name : `${name}/${inner}`);
  return {
    roots: {
      train: inside(roots.train),
      ...(roots.test !== undefined && { test: inside(roots.test) }),
      ...(roots.validation !== undefined && { validation: inside(roots.validation) }),
    },
    others: others.map(inside),
  };
}
