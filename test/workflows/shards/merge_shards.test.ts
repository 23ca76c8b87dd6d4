import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder } from '../../../checkpoints/store/model_store.ts';
import { analyze, analyzeShard } from '../../../workflows/analyze/analyze.ts';
import type { AnalyzeOptions } from '../../../workflows/analyze/analyze_options.ts';
import {
  type EvaluateOptions,
  evaluate,
  evaluateShard,
} from '../../../workflows/evaluate/evaluate.ts';
import type { EvaluationFacts } from '../../../workflows/evaluate/evaluation_record.ts';
import { quantize } from '../../../workflows/quantize/quantize.ts';
import type { Environment } from '../../../workflows/records/environment.ts';
import { type MergeOptions, mergeShards } from '../../../workflows/shards/merge_shards.ts';
import { readShard, writeShard } from '../../../workflows/shards/shard_file.ts';
import {
  contextOf,
  picture,
  saveTinyModel,
  withoutTimes,
  writeImage,
  writeTinyImageNet,
} from '../../scripts/support.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';

/** As far as it tells what it is. */
const EVALUATION = JSON.stringify({
  configuration: { precision: 'both' },
  dataSha256: '',
  skippedImages: [],
});

/** Three batches of the float network, of the analysis four; the last ones are not whole. */
const PICTURES = 25;

describe('shards of a measurement', function () {
  this.timeout(30 * 60_000); // On a machine that is busy with other work.
  let folder: string;
  const at = (name: string) => join(folder, name);
  const text = (path: string) => readFile(path, 'utf8');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-shards-'));
    await saveTinyModel(at('model'), 1001);
    const { model } = await loadModelFolder(at('model'));
    const { images } = await writeTinyImageNet(at('images'), model, 1);
    model.dispose();
    for (let index = images; index < PICTURES; index++) {
      await writeImage(at('images'), index, `${index}.png`, await picture(index));
    }
    await writeImage(at('images'), 7, 'broken.jpg', 'no image');
    await mkdir(at('plain'));
    for (let index = 0; index < 20; index++) {
      await writeFile(at(`plain/${index}.png`), await picture(index));
    }
    await writeFile(at('plain/broken.png'), 'no image');
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const evaluationOf = (changes: Partial<EvaluateOptions> = {}): EvaluateOptions => ({
    model: at('model'),
    dataset: 'imagenet',
    data: at('images'),
    precision: 'both',
    zeroVariance: 'keep',
    calibrationImages: 6,
    seed: 3,
    tier: 'wasm',
    ...changes,
  });

  const analysisOf = (changes: Partial<AnalyzeOptions> = {}): AnalyzeOptions => ({
    model: at('model'),
    data: at('images'),
    zeroVariance: 'keep',
    profile: 'double-rounding',
    calibrationImages: 6,
    seed: 3,
    tier: 'wasm',
    accuracy: false,
    runsDir: at('runs'),
    command: 'what repeats it',
    ...changes,
  });

  async function countEvaluation(
    name: string,
    count: number,
    changes: Partial<EvaluateOptions> = {},
  ): Promise<string[]> {
    const paths: string[] = [];
    for (let number = 1; number <= count; number++) {
      const out = at(`${name}-${number}.json`);
      await evaluateShard({ ...evaluationOf(changes), shard: { number, count }, out }, contextOf());
      paths.push(out);
    }
    return paths;
  }

  const merge = (shards: readonly string[], changes: Partial<MergeOptions> = {}) =>
    mergeShards({ shards, runsDir: at('merged'), ...changes }, contextOf());

  it('of an evaluation are merged to the bytes of the whole, broken images included', async () => {
    const whole = await evaluate(evaluationOf({ out: at('whole.json') }), contextOf());
    assert.deepEqual([whole.images, whole.skipped], [PICTURES, 1]);
    const shards = await countEvaluation('of3', 3);
    const record = await merge(shards.toReversed(), { out: at('merged.json') });
    assert.equal(await text(at('merged.json')), await text(at('whole.json')));
    assert.ok(!('layers' in record));
    assert.deepEqual({ ...record, environment: 0 }, { ...withoutTimes(whole), environment: 0 });
  });

  it('of which some have no image are merged alike', async () => {
    await evaluate(evaluationOf({ out: at('few.json'), limit: 9 }), contextOf());
    const shards = await countEvaluation('few', 3, { limit: 9 });
    assert.equal(JSON.parse(await text(shards[2])).sums.images, 0);
    await merge(shards, { out: at('few-merged.json') });
    assert.equal(await text(at('few-merged.json')), await text(at('few.json')));
  });

  it('of a TF8 file, of float alone and of images without classes are merged alike', async () => {
    await quantize(
      {
        model: at('model'),
        dataset: 'imagenet',
        calibrationData: at('images'),
        zeroVariance: 'keep',
        calibrationImages: 6,
        seed: 0,
        out: at('model.tf8'),
      },
      contextOf(),
    );
    for (const [name, changes] of [
      ['file', { model: at('model.tf8') }],
      ['float', { precision: 'float' }],
      ['plain', { dataset: 'images', data: at('plain'), calibrationData: at('plain') }],
    ] as const) {
      const whole = evaluationOf({ ...changes, out: at(`${name}.json`) });
      await evaluate(whole, contextOf());
      await merge(await countEvaluation(name, 2, changes), { out: at(`${name}-merged.json`) });
      assert.equal(await text(at(`${name}-merged.json`)), await text(at(`${name}.json`)), name);
    }
  });

  it('of an analysis are merged to the bytes of its record', async () => {
    const whole = await analyze(analysisOf({ out: at('analysis.json') }), contextOf());
    const shards: string[] = [];
    for (const number of [1, 2]) {
      const out = at(`analysis-${number}.json`);
      const shard = { number, count: 2 };
      const { images } = await analyzeShard({ ...analysisOf(), shard, out }, contextOf());
      assert.ok(images > 0);
      shards.push(out);
    }
    const merged = await merge(shards, { out: at('analysis-merged.json') });
    assert.ok('layers' in merged);
    const files = await readdir(whole.run);
    assert.deepEqual((await readdir(merged.run)).sort(), files.sort());
    for (const file of files) {
      assert.equal(await text(join(merged.run, file)), await text(join(whole.run, file)), file);
    }
    const { run: _, ...found } = JSON.parse(await text(at('analysis-merged.json')));
    const { run: __, ...expected } = JSON.parse(await text(at('analysis.json')));
    assert.deepEqual(found, expected);
  });

  describe('that are not of one measurement', () => {
    let shards: readonly string[];
    before(async () => {
      shards = await countEvaluation('set', 2, { precision: 'float' });
    });

    it('are refused where one is missing, or comes twice', async () => {
      await assert.rejects(merge([shards[1]]), {
        name: 'UserError',
        message: 'Expected all 2 shards but 1/2 is missing',
        remedy:
          'Count what is missing, with the same options as the others, and give its file, too.',
      });
      await copyFile(shards[0], at('copy.json'));
      await assert.rejects(merge([...shards, at('copy.json')]), {
        name: 'UserError',
        message: `Expected each shard once but 1/2 comes twice: ${shards[0]} and ${at('copy.json')}`,
      });
    });

    it('are refused by what differs: options, images, network, number, work', async () => {
      const { path: _, ...second } = await readShard(shards[1]);
      const { identity, shard } = second;
      for (const [name, changed, what] of [
        ['seed', { identity: { ...identity, seed: 4 } }, 'seed is 3'],
        ['limit', { identity: { ...identity, limit: 20 } }, 'limit is 26'],
        ['images', { identity: { ...identity, images: 'x' } }, 'the images \\(SHA-256\\) is "'],
        ['network', { identity: { ...identity, model: 'x' } }, 'the network \\(SHA-256\\) is "'],
        ['count', { shard: { ...shard, count: 3 } }, 'the number of shards is 2'],
        ['work', { kind: 'analysis' }, 'the work is "evaluation"'],
      ] as const) {
        const other = at(`${name}-2.json`);
        await writeShard(other, { ...second, ...changed });
        await assert.rejects(merge([shards[0], other]), {
          name: 'UserError',
          message: new RegExp(
            `^Expected shards that differ in their images only but ${what}.* in shard 1/2 \\(.*set-1.json\\) and .* in shard 2/. \\(.*${name}-2.json\\)$`,
          ),
        });
      }
    });

    it('say in what they differ by what they were counted with', async () => {
      await saveTinyModel(at('other'), 1000);
      const { identity } = await readShard(shards[0]);
      const out = at('other.json');
      const changes = { model: at('other'), precision: 'float' as const, limit: 9, seed: 4 };
      const shard = { number: 1, count: 2 };
      await evaluateShard({ ...evaluationOf(changes), shard, out }, contextOf());
      const other = (await readShard(out)).identity;
      const differing = Object.keys(identity).filter((name) => identity[name] !== other[name]);
      assert.deepEqual(differing, ['model', 'limit', 'seed']);
    });

    it('are refused where a file is damaged, or is another’s', async () => {
      const whole = await text(shards[0]);
      await writeFile(at('damaged.json'), whole.replace(/"first":(\d)/, '"first":1$1'));
      await assert.rejects(merge([at('damaged.json'), shards[1]]), {
        name: 'UserError',
        message: `Expected what was counted of a shard in ${at('damaged.json')} but its content was changed`,
      });
      await writeFile(at('cut.json'), whole.slice(0, 100));
      await assert.rejects(
        merge([at('cut.json')]),
        /Expected what was counted of a shard in .*cut\.json but it is no JSON, or was cut off$/,
      );
      await writeFile(at('foreign.json'), '{}');
      await assert.rejects(merge([at('foreign.json')]), /but it is JSON of another kind$/);
      await writeFile(at('whole.json'), EVALUATION);
      await assert.rejects(
        merge([at('whole.json')]),
        /but it is the record of an evaluation of all images, which needs no merging$/,
      );
      await assert.rejects(merge([at('nowhere.json')]), /nowhere.json/);
    });

    it('by other code are refused, on other machines warned of', async () => {
      const reporter = recordingReporter();
      const runsDir = at('merged');
      await withEnvironment(shards[1], at('machine.json'), { processor: 'another' });
      await mergeShards({ shards: [shards[0], at('machine.json')], runsDir }, contextOf(reporter));
      assert.match(
        reporter.messages.join('\n'),
        /^The record says .*, as of shard 1\/2 .*; shard 2\/2 .* was counted with another, .*\.$/,
      );
      await withEnvironment(shards[1], at('code.json'), { commit: 'other' });
      await assert.rejects(merge([shards[0], at('code.json')]), {
        name: 'UserError',
        message: /^Expected shards that one version of tf8 has counted but .* of other$/,
      });
    });
  });
});

/** Writes a copy of a shard that was counted elsewhere. */
async function withEnvironment(
  from: string,
  to: string,
  changes: Partial<Environment>,
): Promise<void> {
  const { path: _, ...content } = await readShard(from);
  const facts = content.facts as EvaluationFacts;
  const environment = { ...facts.environment, ...changes };
  await writeShard(to, { ...content, facts: { ...facts, environment } });
}
