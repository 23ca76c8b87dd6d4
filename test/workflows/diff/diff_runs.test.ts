import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder } from '../../../checkpoints/store/model_store.ts';
import { showDiff } from '../../../scripts/show/diff.ts';
import { formatMetricLine } from '../../../training/watch/metric_lines.ts';
import { analyze } from '../../../workflows/analyze/analyze.ts';
import { diffRuns } from '../../../workflows/diff/diff_runs.ts';
import { evaluate } from '../../../workflows/evaluate/evaluate.ts';
import { writeRun } from '../../../workflows/records/run_record.ts';
import { contextOf, saveTinyModel, writeTinyImageNet } from '../../scripts/support.ts';
import { RECORD, TIMING } from '../records/support.ts';

describe('diffRuns', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const compare = (run: string, other: string) => diffRuns({ run, other, runsDir: at('runs') });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-diff-'));
    await saveTinyModel(at('model'), 1001);
    const { model } = await loadModelFolder(at('model'));
    await writeTinyImageNet(at('images'), model, 1);
    model.dispose();
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const common = () => ({
    model: at('model'),
    data: at('images'),
    recipe: 'as-published',
    calibrationImages: 6,
    seed: 0,
    tier: 'wasm' as const,
  });

  it('compares two analyses: settings, and figures by layer', async () => {
    const options = { ...common(), accuracy: false, runsDir: at('runs'), limit: 4 };
    const one = await analyze(options, contextOf());
    const out = at('other.json');
    const other = await analyze({ ...options, recipe: 'option-1', out }, contextOf());
    const result = await compare(one.run, other.run);
    assert.deepEqual(result.settings, [{ name: 'zeroVariance', a: 'keep', b: 'mean' }]);
    assert.deepEqual(result.environment, []);
    assert.ok(result.same.includes('weightsSha256') && result.same.includes('processor'));
    assert.equal(result.layers.length, 29);
    const [first] = result.layers;
    assert.deepEqual([first.layer, first.in], ['Conv2d_0', 'both']);
    assert.equal(first.figures.find(({ name }) => name === 'localSqnrDb')!.change, 0);
    assert.equal(result.figures.find(({ name }) => name === 'float top-1 %')!.change, 0);
    for (const line of showDiff(result).split('\n').slice(4)) assert.ok(line.length <= 80, line);

    const fromFile = await compare(one.run, out);
    const recipe = fromFile.settings.find(({ name }) => name === 'recipe');
    assert.equal(recipe?.b, 'option-1');
    assert.deepEqual(fromFile.b.kind, 'analysis');
    assert.equal(fromFile.layers.length, 29);
    const json = JSON.parse(JSON.stringify(fromFile));
    const [pool] = json.layers.slice(-2);
    const weights = pool.figures.find(
      ({ name }: { name: string }) => name === 'weightQuantizationDb',
    );
    assert.equal(weights.a, 'lossless');
  });

  it('compares two evaluations as their JSON, with versions and processor', async () => {
    const options = { ...common(), precision: 'both' as const };
    const one = await evaluate(options, contextOf());
    const other = await evaluate({ ...options, limit: 5 }, contextOf());
    const elsewhere = { ...other, environment: { ...other.environment, processor: 'another' } };
    await writeFile(at('a.json'), JSON.stringify(one));
    await writeFile(at('b.json'), JSON.stringify(elsewhere));
    const result = await compare(at('a.json'), at('b.json'));
    const names = result.settings.map(({ name }) => name);
    assert.ok(names.includes('limit') && names.includes('images'), names.join());
    assert.deepEqual(
      result.environment.map(({ name, b }) => [name, b]),
      [['processor', 'another']],
    );
    const float = result.figures.find(({ name }) => name === 'float top-1 %')!;
    assert.equal(float.change, other.float!.top1 - one.float!.top1);
    assert.match(showDiff(result), /\| processor +\| .* \| another +\|/);
  });

  it('compares tables and trainings', async () => {
    await writeRun(at('runs/a'), RECORD, TIMING, '');
    const changed = { ...RECORD, kernelTier: 'reference' };
    await writeRun(at('runs/b'), changed, TIMING, '');
    const tables = await compare('a', 'b');
    assert.deepEqual(tables.a.kind, 'table');
    assert.deepEqual(
      tables.settings.map(({ name }) => name),
      ['kernels'],
    );
    await mkdir(at('training'));
    const time = { trainedSeconds: 3 };
    const epoch = { kind: 'epoch', epoch: 1, step: 2, loss: 0.5, accuracy: 80, time } as const;
    await writeFile(at('training/metrics.jsonl'), formatMetricLine(epoch));
    const trainings = await compare(at('training'), at('training'));
    assert.equal(trainings.a.kind, 'training');
    assert.deepEqual(trainings.figures[0], { name: 'training loss', a: 0.5, b: 0.5, change: 0 });
  });

  it('refuses what is no run, and says what is one', async () => {
    await writeFile(at('x.json'), '{"a": 1}');
    await assert.rejects(compare(at('x.json'), at('x.json')), {
      name: 'UserError',
      message: /^Expected the JSON of an evaluation or an analysis in .*x\.json but it is /,
      remedy: /`evaluate\(\)` or `analyze\(\)` prints as JSON/,
    });
    await writeFile(at('cut.json'), '{"a"');
    await assert.rejects(
      compare(at('cut.json'), at('x.json')),
      /but it is no JSON, or was cut off$/,
    );
    await writeFile(at('part.json'), '{"tf8Shard": 1, "shard": {"number": 1, "count": 2}}');
    await assert.rejects(compare(at('part.json'), at('x.json')), {
      message:
        /^Expected a whole evaluation or analysis in .*part\.json but it is what was counted/,
      remedy: /^Merge all its shards first/,
    });
    await assert.rejects(compare('nothing', 'nothing'), { name: 'UserError' });
  });
});
