import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { RecipeSchema } from '../../../quantize/convert/recipe_schema.ts';
import { type FixResult, fix } from '../../../workflows/fix/fix.ts';
import { quantize } from '../../../workflows/quantize/quantize.ts';
import { contextOf, picture } from '../../scripts/support.ts';
import { saveFaulty } from './faulty_network.ts';

const PICTURES = 60;
const CALIBRATION_IMAGES = 20;

describe('fix', function () {
  this.timeout(120_000);
  let folder: string;
  let healthy: FixResult;
  let faulty: FixResult;
  const warnings: string[] = [];
  const at = (name: string) => join(folder, name);

  const fixed = (name: string) =>
    fix(
      {
        model: at(name),
        calibrationData: at('images'),
        calibrationImages: CALIBRATION_IMAGES,
        out: at(`${name}.tf8`),
        seed: 0,
        tier: 'auto',
      },
      contextOf({ ...SILENT_REPORTER, warn: (text) => warnings.push(text) }),
    );

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-fix-'));
    await mkdir(at('images'));
    for (let index = 0; index < PICTURES; index++) {
      await writeFile(at(`images/${index}.png`), await picture(index));
    }
    await saveFaulty(at('healthy'), false);
    await saveFaulty(at('faulty'), true);
    healthy = await fixed('healthy');
    faulty = await fixed('faulty');
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('ends a network of planted faults within half a point of the one without', () => {
    const { before, after } = faulty;
    assert.ok(before.sqnrDb < healthy.before.sqnrDb - 10, `${before.sqnrDb}`);
    assert.ok(after.agreement! >= healthy.before.agreement! - 0.5, `${after.agreement}`);
    assert.ok(after.sqnrDb >= healthy.before.sqnrDb, `${after.sqnrDb}`);
  });

  it('names the faults before, and not after', () => {
    const causes = ({ diagnosis }: FixResult['before']) =>
      diagnosis.map(({ layer, cause }) => `${layer} ${cause}`);
    const found = causes(faulty.before);
    assert.ok(found.includes('depthwise deadChannels'), found.join());
    assert.ok(found.includes('pointwise weightRange'), found.join());
    assert.ok(faulty.after.diagnosis.every(({ cost }) => cost.layer < 0.1));
  });

  it('takes the remedies in the order of their predicted gain, and keeps those that pay', () => {
    const { steps, before } = faulty;
    const gains = steps.map(({ predictedGain }) => predictedGain);
    assert.deepEqual(
      gains,
      gains.toSorted((a, b) => b - a),
    );
    let reached = before.sqnrDb;
    for (const { kept, sqnrDb } of steps) {
      if (!kept) continue;
      assert.ok(sqnrDb !== null && sqnrDb > reached);
      reached = sqnrDb;
    }
    assert.equal(reached, faulty.after.sqnrDb);
  });

  it('leaves a recipe that makes the same file again', async () => {
    assert.equal(faulty.recipe, `${faulty.out}.recipe.json`);
    const recipe = RecipeSchema.parse(JSON.parse(await readFile(faulty.recipe, 'utf8')));
    assert.deepEqual(recipe, faulty.after.recipe);
    await quantize(
      {
        model: at('faulty'),
        calibrationData: at('images'),
        calibrationImages: CALIBRATION_IMAGES,
        recipe: faulty.recipe,
        out: at('again.tf8'),
        seed: 0,
      },
      contextOf(),
    );
    assert.deepEqual(await readFile(at('again.tf8')), await readFile(faulty.out));
  });

  it('judges on images that nothing was calibrated with', () => {
    assert.equal(faulty.calibrationImages, CALIBRATION_IMAGES);
    assert.equal(faulty.images, PICTURES - CALIBRATION_IMAGES);
  });

  it('warns once of each thing', () => {
    assert.equal(new Set(warnings).size, warnings.length, warnings.join('\n'));
    assert.ok(
      warnings.some((text) => /zero variance decide.* depthwise:/.test(text)),
      warnings.join('\n'),
    );
    assert.ok(warnings.some((text) => /huge weights decide.* pointwise:/.test(text)));
  });

  it('replaces no recipe that is none', async () => {
    await writeFile(at('other.tf8.recipe.json'), 'mine');
    const options = { model: at('faulty'), calibrationData: at('images'), out: at('other.tf8') };
    await assert.rejects(fix({ ...options, seed: 0, tier: 'auto' }, contextOf()), /another file/);
    assert.equal(await readFile(at('other.tf8.recipe.json'), 'utf8'), 'mine');
  });

  it('leaves no tensor behind', async () => {
    const tensors = tf.memory().numTensors;
    await fixed('healthy');
    assert.equal(tf.memory().numTensors, tensors);
  });
});
