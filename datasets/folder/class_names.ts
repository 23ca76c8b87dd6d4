import { join } from 'node:path';
import { UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { abbreviated } from '../abbreviated.ts';
import { grouped } from '../grouped.ts';
import { compareCodePoints } from '../order/order.ts';

/** A class's name of its folder's: macOS writes letters with accents as two characters, others as one. */
export function classNameOf(folder: string): string {
  return folder.normalize('NFC');
}

/**
 * The classes of the folders of `root`, by code point. Folders that may be two spellings of one class
 * are warned of.
 * @throws UserError where two folders have one name, or there is only one class
 */
export function classNamesOf(
  root: string,
  folders: readonly string[],
  reporter: Reporter,
): readonly string[] {
  const names = folders.map(classNameOf).sort(compareCodePoints);
  const double = names.find((name, n) => name === names[n - 1]);
  if (double !== undefined) {
    throw new UserError(
      `Expected one folder for each class in ${root} but two are called ${double}, written in different characters.`,
      { remedy: 'Move the images of one into the other, and remove it.' },
    );
  }
  if (names.length < 2) {
    throw new UserError(`Expected two classes at least in ${root} but found ${names[0]} alone.`, {
      remedy: 'Put the images of each class into a folder of its own, beside the others.',
    });
  }
  for (const alike of grouped(names, simplified).values()) {
    if (alike.length < 2) continue;
    reporter.warn(
      `The folders ${alike.join(' and ')} of ${root} are taken as different classes: rename them if they are one`,
    );
  }
  return names;
}

/** Single characters stay as they are: the letters a and A may well be two classes. */
function simplified(name: string): string {
  return name.length === 1
    ? name
    : name
        .toLowerCase()
        .replace(/[\s_-]+/g, ' ')
        .trim();
}

/**
 * Checks the classes of another split against those that are trained, and warns of those that it lacks.
 * @throws UserError where it has a class that is not trained
 */
export function checkSplitClasses(
  dir: string,
  roots: { readonly train: string; readonly other: string },
  classes: { readonly train: readonly string[]; readonly other: readonly string[] },
  reporter: Reporter,
): void {
  const unknown = classes.other.filter((name) => !classes.train.includes(name));
  if (unknown.length > 0) {
    const similar = classes.train.find((name) => simplified(name) === simplified(unknown[0]));
    throw new UserError(
      `Expected the classes of ${join(dir, roots.train)} in ${join(dir, roots.other)} but found the ${unknown.length === 1 ? 'folder' : 'folders'} ${abbreviated(unknown)}.`,
      {
        remedy:
          similar === undefined
            ? 'Add training images of these classes, or remove the folders.'
            : `Rename ${join(dir, roots.other, unknown[0])} to ${similar}.`,
      },
    );
  }
  const missing = classes.train.filter((name) => !classes.other.includes(name));
  if (missing.length === 0) return;
  reporter.warn(`${join(dir, roots.other)} has no images of ${abbreviated(missing)}`);
}
