import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder } from '../../checkpoints/store/model_store.ts';
import { recipeParts } from '../../scripts/docs/recipe_parts.ts';
import { type RecipesRecord, recipesRecordSchema } from '../../workflows/records/recipes_record.ts';
import { saveTinyModel, writeTinyImageNet } from '../scripts/support.ts';
import { TSX } from '../support/without_tfjs_node.ts';

describe('bench:recipes', function () {
  this.timeout(120_000);
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-recipes-'));
    await saveTinyModel(at('model'), 1001);
    const { model } = await loadModelFolder(at('model'));
    await writeTinyImageNet(at('images'), model, 1);
    model.dispose();
  });

  after(() => rm(folder, { recursive: true, force: true }));

  function measured(...options: string[]): RecipesRecord {
    const script = join(import.meta.dirname, '../../bench/recipes.ts');
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [
        ...['--import', TSX, script, '--imagenet', at('images'), '--store', at('store')],
        ...['--network', `tiny=${at('model')}`, '--subsets', '3', '--subset-images', '4'],
        ...options,
      ],
      { encoding: 'utf8' },
    );
    assert.notEqual(stdout, '', stderr);
    return recipesRecordSchema.parse(JSON.parse(stdout));
  }

  it('measures piece by piece, each subset on the images of the others, and goes on', async () => {
    const first = measured('--recipes', 'float,as-published', '--until-subset', '2');
    const rowsOf = ({ networks }: RecipesRecord) =>
      networks[0].rows.map(({ recipe, perSubset }) => [
        recipe,
        perSubset.map(({ subset, images }) => [subset, images]),
      ]);
    const two = [
      [0, 8],
      [1, 8],
    ];
    assert.deepEqual(rowsOf(first), [
      ['float', two],
      ['as-published', two],
    ]);
    assert.equal((await readdir(at('store'))).length, 4);
    const second = measured('--recipes', 'best', '--until-subset', '1');
    assert.deepEqual(rowsOf(second), [...rowsOf(first), ['best', [two[0]]]]);
    assert.deepEqual(second.networks[0].rows.slice(0, 2), first.networks[0].rows);
    const third = measured('--minutes', '0');
    assert.deepEqual(third.networks, second.networks);
    const parts = recipeParts(third);
    assert.match(
      parts.get('recipes-networks')!,
      /### tiny\n\n\| recipe .*\n.*\n\| float +\| +2 \|/,
    );
    assert.match(parts.get('recipes-images')!, /\| tiny +\| +4 \| +1 \|/);
    assert.match(parts.get('recipes-published')!, /\| tiny +\| best +\| tf8, measured here +\|/);
  });
});
