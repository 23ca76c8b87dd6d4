import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDocs } from '../../../scripts/docs/docs.ts';
import { ROOT } from './support.ts';

describe('README.md and docs/', () => {
  it('hold what "npm run docs" makes of the pages and the records', async () => {
    const made = await makeDocs(ROOT);
    for (const [path, text] of made) {
      const stored = await readFile(join(ROOT, path), 'utf8').catch(() => undefined);
      assert.ok(stored === text, `${path} is not what "npm run docs" makes`);
    }
    assert.ok(made.has('README.md') && made.has('docs/results.md'));
    const figures = (await readdir(join(ROOT, 'docs/figures'))).map(
      (name) => `docs/figures/${name}`,
    );
    assert.deepEqual(
      figures.filter((path) => !made.has(path)),
      [],
      'no figure is left over',
    );
  });
});
