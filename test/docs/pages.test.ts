import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { linksOf, ROOT, readPage } from './pages.ts';

const SKIPPED = new Set(['node_modules', 'dist', 'runs', 'models', 'data', 'coverage', 'test']);

/** Every Markdown page except templates, by its path from the repository's root. */
async function pages(folder = ''): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(ROOT, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || SKIPPED.has(entry.name) || path === 'docs/templates')
      continue;
    if (entry.isDirectory()) found.push(...(await pages(path)));
    else if (entry.name.endsWith('.md')) found.push(path);
  }
  return found.sort();
}

/** The anchors that GitHub gives a page's headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  return new Set(
    Array.from(page.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('the pages', () => {
  it('link to files and headings that are there', async () => {
    const broken: string[] = [];
    for (const path of await pages()) {
      for (const { target } of linksOf(await readPage(path))) {
        if (/^[a-z]+:/.test(target)) continue;
        const [file = '', anchor] = target.split('#');
        const linked = file === '' ? path : normalize(join(dirname(path), file));
        const names = await readdir(join(ROOT, dirname(linked))).catch((): string[] => []);
        const isThere = names.includes(linked.split('/').filter(Boolean).at(-1) ?? '');
        if (!isThere) broken.push(`${path}: ${target}`);
        else if (anchor !== undefined && !anchorsOf(await readPage(linked)).has(anchor))
          broken.push(`${path}: ${target}`);
      }
    }
    assert.deepEqual(broken, []);
  });

  it('are all reached from README.md', async () => {
    const reached = new Set<string>();
    const visit = async (path: string): Promise<void> => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const { target } of linksOf(await readPage(path))) {
        const [file = ''] = target.split('#');
        if (/^[a-z]+:/.test(target) || !file.endsWith('.md')) continue;
        await visit(normalize(join(dirname(path), file)));
      }
    };
    await visit('README.md');
    // Tables that stand in other pages.
    const parts = (path: string) => path.startsWith('bench/results/');
    assert.deepEqual(
      (await pages()).filter((path) => !reached.has(path) && !parts(path)),
      [],
    );
  });

  it('name every command', async () => {
    const files = await readdir(join(ROOT, 'scripts/commands'));
    const [readme, commands] = [await readPage('README.md'), await readPage('docs/commands.md')];
    for (const name of files.map((file) => file.replace(/\.ts$/, ''))) {
      assert.match(readme, new RegExp(`^\\| \`${name}[ \`]`, 'm'), name);
      assert.match(commands, new RegExp(`^\\| \`npx tf8 ${name}[ \`]`, 'm'), name);
    }
  });

  it('name scripts that package.json has', async () => {
    const { scripts } = JSON.parse(await readPage('package.json'));
    for (const path of await pages()) {
      for (const [, name = ''] of (await readPage(path)).matchAll(/npm run ([a-z0-9:-]+)/g)) {
        // A change log names what is gone.
        if (path !== 'CHANGELOG.md') assert.ok(name in scripts, `${path}: npm run ${name}`);
      }
    }
  });

  it('tell what every folder is for', async () => {
    const house = await readPage('docs/house.md');
    const { include } = JSON.parse(await readPage('tsconfig.json'));
    for (const folder of include) assert.match(house, new RegExp(`^\\| \\[?\`${folder}/\``, 'm'));
  });
});
