import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** The text of a page, by its path from the repository's root. */
export function readPage(path: string): Promise<string> {
  return readFile(join(ROOT, path), 'utf8');
}

interface Link {
  /** `[this](…)`, without marks of code. */
  readonly label: string;
  readonly target: string;
}

/** A page's links, in order. */
export function linksOf(page: string): readonly Link[] {
  return [...page.matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, label = '', target = '']) => ({
    label: label.replaceAll('`', ''),
    target,
  }));
}
