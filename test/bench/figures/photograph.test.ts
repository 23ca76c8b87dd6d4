import assert from 'node:assert/strict';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { STANDARD } from '../../../architectures/variants.ts';
import { measurePhotograph } from '../../../bench/figures/photograph.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { randomizeWeights, TINY } from '../../architectures/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { openedInMemory } from '../../workflows/open/opened_in_memory.ts';

const context = {
  reporter: SILENT_REPORTER,
  cacheDir: '',
  signal: new AbortController().signal,
};

describe('measurePhotograph', () => {
  before(needsTensorFlow);

  it('lists the likeliest classes of an image of the class, and calibrates on others', async () => {
    const model = buildMobileNetV1({ variant: STANDARD, ...TINY });
    randomizeWeights(model);
    const opened = openedInMemory(model, 'tiny');
    const dataset = {
      ...memoryDataset({ classes: TINY.classes, images: 12, splitsAreEqual: true }),
      classNames: Array.from({ length: TINY.classes }, (_, at) => `class ${at}, number ${at}`),
    };
    const measured = await measurePhotograph(
      opened,
      dataset,
      { label: 'number 1', seed: 0 },
      context,
    );
    assert.ok(measured.calibrationImages < 12);
    assert.equal(Number(/\d+$/.exec(measured.image)![0]) % TINY.classes, 1, measured.image);
    for (const list of [measured.float, measured.asPublished, measured.option1]) {
      assert.equal(list.length, Math.min(5, TINY.classes));
      const probabilities = list.map(({ probability }) => probability);
      assert.deepEqual(
        probabilities,
        probabilities.toSorted((a, b) => b - a),
      );
    }
    await assert.rejects(
      measurePhotograph(opened, dataset, { label: 'white wolf', seed: 0 }, context),
      {
        name: 'UserError',
        message:
          'Expected an image of the class "white wolf" in synthetic but there is none that can be read',
      },
    );
    model.dispose();
  }).timeout(60_000);
});
