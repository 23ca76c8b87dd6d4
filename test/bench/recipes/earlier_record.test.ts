import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EarlierRecord } from '../../../bench/recipes/earlier_record.ts';
import { BEST, type Recipe } from '../../../quantize/convert/recipe.ts';
import type { RecipesRecord } from '../../../workflows/records/recipes_record.ts';
import { MEASURING_VERSION } from '../../../workflows/records/versions.ts';
import { RECORDS } from '../../scripts/docs/support.ts';
import { inFolder } from '../../support/in_folder.ts';

const WEIGHTS = '0'.repeat(64);
const CONDITIONS = { data: 'images', seed: 0, subsetImages: 20, subsets: 5, backend: 'any' };

const piece = (subset: number) => ({
  subset,
  images: 80,
  top1: 90,
  top5: 99,
  agreement: 98,
  sqnrDb: 18,
  onlyFloatRight: 1,
  onlyTf8Right: 1,
  seconds: 1,
  processorSeconds: 1,
  commit: 'abc',
});

const RECORD: RecipesRecord = {
  date: '2026-01-02',
  environment: RECORDS.explain!.environment,
  version: MEASURING_VERSION,
  data: 'images',
  seed: 0,
  subsetImages: 20,
  subsets: 5,
  networks: [
    {
      name: 'a',
      weightsSha256: WEIGHTS,
      rows: [
        { recipe: 'best', calibrationImages: 20, knobs: BEST, perSubset: [piece(0), piece(3)] },
      ],
    },
  ],
};

describe('EarlierRecord', () => {
  const opened = (record: unknown, conditions = CONDITIONS) =>
    inFolder(async (folder) => {
      const path = join(folder, 'recipes.json');
      await writeFile(path, JSON.stringify(record));
      return EarlierRecord.open(path, conditions);
    });

  const found = (
    record: EarlierRecord,
    change: { subset?: number; calibrationImages?: number; recipe?: Recipe; weights?: string } = {},
  ) => {
    const { weights: weightsSha256 = WEIGHTS, ...asked } = change;
    const whole = { network: 'a', recipe: BEST, calibrationImages: 20, subset: 0, ...asked };
    return record.find({ ...whole, weightsSha256 });
  };

  it('has what was measured of the same weights, recipe, images and subset', async () => {
    const record = await opened(RECORD);
    assert.deepEqual(found(record, { subset: 3 }), piece(3));
    assert.equal(found(record, { subset: 1 }), undefined);
    assert.equal(found(record, { calibrationImages: 5 }), undefined);
    assert.equal(found(record, { weights: '1'.repeat(64) }), undefined);
    assert.equal(found(record, { recipe: { ...BEST, corrections: [] } }), undefined);
  });

  it('has nothing of other images or of another version, and needs no file', async () => {
    assert.equal((await opened(RECORD, { ...CONDITIONS, data: 'others' })).networks.length, 0);
    const older = { ...RECORD, version: MEASURING_VERSION + 1 };
    assert.equal((await opened(older)).networks.length, 0);
    assert.equal((await EarlierRecord.open('nowhere.json', CONDITIONS)).networks.length, 0);
  });
});
