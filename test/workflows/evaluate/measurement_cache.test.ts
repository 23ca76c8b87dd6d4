import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder } from '../../../checkpoints/store/model_store.ts';
import type { Context } from '../../../foundation/reporting/context.ts';
import { type EvaluateOptions, evaluate } from '../../../workflows/evaluate/evaluate.ts';
import {
  type Measurement,
  MeasurementCache,
} from '../../../workflows/evaluate/measurement_cache.ts';
import { contextOf, saveTinyModel, writeImage, writeTinyImageNet } from '../../scripts/support.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

const MEASUREMENT: Measurement = {
  images: 4,
  first: 2,
  firstFive: 3,
  skippedImages: [],
  time: {
    seconds: 1,
    imagesPerSecond: 4,
    decodeMs: 1,
    resizeMs: 1,
    runMs: 1,
    runShare: 0.5,
    waitShare: 0.5,
  },
  measuredAt: '2026-01-01T00:00:00.000Z',
};

describe('what evaluations have measured', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  let reporter: ReturnType<typeof recordingReporter>;
  const context = (): Context => ({ ...contextOf(reporter), cacheDir: at('cache') });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-measured-'));
    await saveTinyModel(at('model'), 1001, 0.1);
    const { model } = await loadModelFolder(at('model'));
    await writeTinyImageNet(at('images'), model, 1);
    model.dispose();
    await writeImage(at('images'), 7, 'broken.jpg', 'no image');
  });

  beforeEach(async () => {
    reporter = recordingReporter();
    await rm(at('cache'), { recursive: true, force: true });
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const run = (changes: Partial<EvaluateOptions> = {}) =>
    evaluate(
      {
        model: at('model'),
        data: at('images'),
        recipe: 'as-published',
        calibrationImages: 6,
        precision: 'both',
        seed: 0,
        tier: 'wasm',
        ...changes,
      },
      context(),
    );
  const labels = () => reporter.work.map(({ label }) => label.replace(/.*, /, ''));

  it('is taken up by the next one, which says so and names the broken images again', async () => {
    const first = await run();
    assert.ok(first.float!.measuredAt === undefined && first.tf8!.measuredAt === undefined);
    reporter = recordingReporter();
    const second = await run();
    assert.match(second.float!.measuredAt!, /^\d{4}-\d\d-\d\dT/);
    assert.match(second.tf8!.measuredAt!, /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(
      [second.float!.top1, second.tf8!.top5, second.images, second.skipped],
      [first.float!.top1, first.tf8!.top5, first.images, first.skipped],
    );
    assert.deepEqual(second.outputs, first.outputs);
    assert.equal(labels().filter((label) => /^(float|TF8 )/.test(label)).length, 0);
    assert.equal(
      reporter.messages.filter((text) => /^skipped .*broken.jpg: /.test(text)).length,
      1,
    );
  });

  it('is measured anew where that is asked for, and for other images, seeds and kernels', async () => {
    await run();
    for (const changes of [{ fresh: true }, { limit: 5 }, { seed: 1 }]) {
      const { float } = await run({ precision: 'float', ...changes });
      assert.equal(float!.measuredAt, undefined, JSON.stringify(changes));
    }
    const { float, tf8 } = await run({ tier: 'reference' });
    assert.notEqual(float!.measuredAt, undefined);
    assert.equal(tf8!.measuredAt, undefined);
  });

  it('is measured anew where its file is damaged, with a warning', async () => {
    await run({ precision: 'float' });
    const [name] = await readdir(at('cache/measurements'));
    const path = at(`cache/measurements/${name}`);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"first": ', '"first": 1'));
    const { float } = await run({ precision: 'float' });
    assert.equal(float!.measuredAt, undefined);
    assert.ok(reporter.messages.some((text) => /damaged and made again/.test(text)));
  });

  it('costs no evaluation where the folder cannot be written', async () => {
    await mkdir(at('cache'));
    await writeFile(at('cache/measurements'), 'a file');
    const { float } = await run({ precision: 'float' });
    assert.ok(float!.top1 >= 0);
    assert.ok(reporter.messages.some((text) => /has to measure anew/.test(text)));
  });

  it('is not kept without a folder for it', async () => {
    assert.equal(await MeasurementCache.open({ ...context(), cacheDir: '' }), undefined);
  });

  it('is at most a thousand files: what was used longest ago goes first', async () => {
    const cache = (await MeasurementCache.open(context()))!;
    await mkdir(at('cache/measurements'), { recursive: true });
    for (let n = 0; n < 1000; n++) {
      const path = at(`cache/measurements/${n}.json`);
      await writeFile(path, '{}');
      await utimes(path, n, n);
    }
    await cache.keep({ network: 'one' }, MEASUREMENT);
    const names = await readdir(at('cache/measurements'));
    assert.equal(names.length, 1000);
    assert.ok(!names.includes('0.json') && names.includes('1.json'));
    assert.deepEqual(await cache.find({ network: 'one' }), MEASUREMENT);
  });

  it('is whole whoever else writes it at the same time', async () => {
    const caches = await Promise.all(
      [0, 1, 2].map(async () => (await MeasurementCache.open(context()))!),
    );
    await Promise.all(
      caches.flatMap((cache) => [1, 2].map(() => cache.keep({ network: 'two' }, MEASUREMENT))),
    );
    assert.deepEqual(await caches[0].find({ network: 'two' }), MEASUREMENT);
    assert.equal((await readdir(at('cache/measurements'))).length, 1);
  });
});
