import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../../foundation/repository.ts';

const PAGE_FOLDER = join(repositoryRoot(), 'workflows', 'report', 'page');

/**
 * The page's script in one piece, with Vega in it, behind the licences of what it holds. Made when tf8
 * is compiled, by packages that only a checkout has.
 */
export async function bundlePage(): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: [join(PAGE_FOLDER, 'page.ts')],
    absWorkingDir: repositoryRoot(),
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none', // the whole licences stand in front
    logLevel: 'silent', // failures are thrown
  });
  // Browsers hash a script with line feeds alone (HTML § 13.2.3.5): files may have come with others.
  const licences = (await licencesOf(Object.keys(metafile.inputs))).replaceAll(/\r\n?/g, '\n');
  // The only text that ends a script element, or changes how its end is looked for (HTML § 13.2.5).
  return `/*!\n${licences.replaceAll('*/', '* /')}\n*/\n${outputFiles[0].text}`
    .replaceAll('</script', '<\\/script')
    .replaceAll('<!--', '\\x3C!--');
}

/** The packages that files are of, each licence behind the names of those that have it. */
async function licencesOf(files: readonly string[]): Promise<string> {
  const packages = new Map<string, string>();
  for (const file of files) {
    const [folder, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
    if (name !== undefined) packages.set(name, join(repositoryRoot(), folder!));
  }
  const named = new Map<string, string[]>();
  for (const [name, folder] of [...packages].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) continue;
    const text = (await readFile(join(folder, file), 'utf8')).trim();
    named.set(text, [...(named.get(text) ?? []), name]);
  }
  return [...named].map(([text, names]) => `${names.join(', ')}:\n\n${text}`).join('\n\n');
}
