import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../../foundation/repository.ts';

/** What `bundlePage` made when tf8 was compiled; it lies beside this module's compiled form only. */
export const BUNDLED_SCRIPT = 'page.bundle.js';

/** The page's script in one piece: what was bundled, or, from the sources, bundled now. */
export async function pageScript(): Promise<string> {
  const bundled = join(import.meta.dirname, BUNDLED_SCRIPT);
  if (existsSync(bundled)) return readFile(bundled, 'utf8');
  const { bundlePage } = await import('./bundle_page.ts');
  return bundlePage();
}

/** The page's style sheet. */
export function pageStyle(): Promise<string> {
  return readFile(join(repositoryRoot(), 'workflows', 'report', 'page', 'page.css'), 'utf8');
}
