import assert from 'node:assert/strict';
import { recipeParts } from '../../../scripts/docs/recipe_parts.ts';
import { recordParts } from '../../../scripts/docs/record_parts.ts';
import { accuracyRow } from '../../../workflows/records/accuracy_row.ts';
import type { RecipesRecord } from '../../../workflows/records/recipes_record.ts';
import { RECORDS } from './support.ts';

/** One network, by four recipes on one subset. */
const recipes: RecipesRecord = {
  date: '2026-01-02',
  environment: RECORDS.explain!.environment,
  version: 1,
  data: '',
  seed: 0,
  subsetImages: 20,
  subsets: 5,
  networks: [
    {
      name: 'A network',
      weightsSha256: '0'.repeat(64),
      rows: Object.entries({ float: 90, 'as-published': 4.5, 'option-1': 60, best: 89.5 }).map(
        ([recipe, top1]) => ({
          recipe,
          calibrationImages: recipe === 'float' ? 0 : 20,
          perSubset: [
            {
              subset: 0,
              images: 80,
              top1,
              top5: 100,
              agreement: 50,
              sqnrDb: 10,
              onlyFloatRight: 0,
              onlyTf8Right: 0,
              seconds: 1,
              processorSeconds: 1,
              commit: 'abc',
            },
          ],
        }),
      ),
    },
  ],
};

const row = (name: string, float: number, tf8: number) =>
  accuracyRow({ row: name, network: name, dataset: 'cifar10', recipe: 'finetune' }, [
    {
      seed: 0,
      images: 500,
      floatTop1Percent: float,
      tf8Top1Percent: tf8,
      weightsSha256: '0'.repeat(64),
      record: 'networks/a',
    },
  ]);

const table = {
  ...RECORDS.table!,
  rows: [row('standard', 80, 30.5), row('friendly-rearchitected', 79, 77.5)],
  timing: {
    seconds: 1,
    rows: {
      standard: { trainingSeconds: 3600, measuringSeconds: 5 },
      'option-1': { measuringSeconds: 2 },
    },
  },
};

describe('recordParts', () => {
  it('say what plain 8 bits cost and what tf8 gives back, by the records', () => {
    const hook = recordParts({ ...RECORDS, recipes, table }).get('hook');
    assert.equal(
      hook,
      'On 80 photographs of ImageNet the published A network is right for\n' +
        '90.0 % in float and for 4.5 % in plain per-tensor 8 bits: **85.5 points lost**.\n' +
        'tf8 gets **89.5 %** out of the same weights, without training. A MobileNet that it\n' +
        'rebuilds and retrains loses **1.5 points** where the standard one loses 49.5\n' +
        '(CIFAR-10, 1 seed; 77.5 % and 30.5 % in 8 bits).',
    );
  });

  it('add up what all rows took, whichever run made them', () => {
    const parts = recordParts({ ...RECORDS, table, quick: table });
    const time =
      'Making and measuring these networks took 1:00:07 (A processor, 2 threads, wasm kernels).';
    assert.equal(parts.get('time-cifar10-standard'), time);
    const shared = { ...table, timing: { ...table.timing, load: 15 } };
    assert.equal(
      recordParts({ ...RECORDS, table: shared }).get('time-cifar10-standard'),
      time.replace('wasm kernels', 'wasm kernels, beside other programs'),
    );
    const both = recordParts({ ...RECORDS, quick: table, quickElsewhere: [shared] });
    assert.equal(
      both.get('time-fashion-mnist-quick'),
      'Making and measuring these networks took 1:00:07 (A processor, 2 threads, wasm kernels) and ' +
        '1:00:07 (A processor, 2 threads, wasm kernels, beside other programs).',
    );
    assert.match(
      both.get('quick')!,
      /\n\nMade again \(.*\) the TF8 figures are 30\.5 % for standard and/,
    );
    assert.ok(parts.get('quick')?.startsWith('| network'));
    assert.ok(parts.get('quick')?.endsWith(`\n\n${time}`));
  });

  it('set what another program makes of a network beside the recipes', () => {
    const [network] = recipes.networks;
    const peer = {
      program: 'NNCF',
      versions: { nncf: '3.4.0' },
      perSubset: network.rows[0].perSubset,
    };
    const parts = recipeParts({ ...recipes, networks: [{ ...network, peers: [peer] }] });
    assert.match(parts.get('recipes-networks')!, /\| NNCF 3\.4\.0 +\| +1 \| +90\.0 \|/);
    assert.match(
      parts.get('recipes-published')!,
      /\| A network +\| its ranges, .* \| NNCF 3\.4\.0, measured here +\| simulated +\| +90\.0 \| +90\.0 \|/,
    );
  });

  it('list what recipes give published networks back', () => {
    const part = recipeParts(recipes).get('published');
    assert.match(part ?? '', /\n\| A network +\| +80 \| +90\.0 \| +4\.5 \| +60\.0 \| +89\.5 \|\n/);
    assert.match(part ?? '', /20 others calibrate/);
  });

  it('say what the sum of a step costs workers, on paper and measured', () => {
    const workers = {
      date: '2026-01-02',
      environment: RECORDS.explain!.environment,
      workers: 2,
      exchanges: [{ network: 'network', floats: 2_500_000, leastMs: 9, processorMs: 12.3 }],
    };
    const part = recordParts({ ...RECORDS, workers }).get('workers')!;
    assert.match(part, /^A network has 2\.5 million, 10 MB\./);
    assert.match(part, /\| 2 +\| +8\.0 ms \| +0\.80 ms \|\n\| 4 +\| +12 ms \| +1\.2 ms \|/);
    assert.match(part, /between 2 processes .* 12 ms for the 10 MB of a network \(AMD EPYC/);

    const shape = { widthMultiplier: 0.25, resolution: 64, classes: 10, batch: 64 };
    const measured = {
      ...workers,
      load: 14.2,
      step: { ...shape, rounds: 3, aloneMs: 100, deterministicMs: 103, togetherMs: 125 },
      input: {
        photograph: 'a JPEG',
        resolution: 224,
        cropsMs: 5,
        cropsCachedMs: 2,
        inputMs: 4,
        inputCachedMs: 0.1,
      },
    };
    const more = recordParts({ ...RECORDS, workers: measured }).get('workers')!;
    assert.match(more, /, beside other programs: a load of 14\.2\)\./);
    assert.match(more, /one process 100 ms .* 125 ms together: .* 80 % as fast\./);
    assert.match(
      more,
      /With `--deterministic` it takes 103 ms, \+3 %\. Of a GPU nothing was measured/,
    );
    assert.match(more, /200 photographs a second \(a JPEG\) .* 500 with their pixels in the cache/);
    assert.match(
      more,
      /limited by the input: of a joint batch of 64, .* step 100 ms, the input 320 ms, the input from the cache 128 ms, the sum 25 ms\./,
    );
  });

  it('say what training in integers gives, on images that were seen and on others', () => {
    const of = (top1Percent: number, agreementPercent: number, images: number) => ({
      images,
      top1Percent,
      agreementPercent,
    });
    const measured = (top1Percent: number, heldOut: number, trained: number) => ({
      heldOut: of(top1Percent, heldOut, 100),
      trained: of(95, trained, 400),
    });
    const quantizationAware = {
      date: '2026-01-02',
      environment: RECORDS.explain.environment,
      data: '',
      rows: [
        {
          network: 'network',
          seed: 0,
          float: measured(90, 100, 100),
          untrained: { recipe: 'best', ...measured(87, 92, 93) },
          after: measured(89.5, 95, 99),
          training: {
            quantization: 'a start',
            ranges: 'learned' as const,
            freezeAfter: 0.8,
            dampening: 0,
            learningRate: 1e-4,
            temperature: 1,
            batchSize: 16,
            steps: 75,
            calibrationImages: 200,
            seconds: 300,
            processorSeconds: 500,
          },
        },
      ],
    };
    const part = recordParts({ ...RECORDS, quantizationAware }).get('quantization-aware')!;
    assert.match(
      part,
      /\| network +\| a start +\| frozen +\| +0 \| +90\.0 \| +87\.0 \| +89\.5 \|( +9[2359]\.0 \|){4} +75 \| +500 \|/,
    );
    assert.match(part, /Right of 100 photographs .* 0\.5 points below float/s);
  });

  it('say so where a record is not there', () => {
    const parts = recordParts({
      explain: undefined,
      paperFigures: undefined,
      rearchitect: undefined,
      granularity: undefined,
      agreement: undefined,
      models: undefined,
      recipes: undefined,
      quantizationAware: undefined,
      workers: undefined,
      table: undefined,
      ways: undefined,
      quick: undefined,
      quickElsewhere: [],
      tableElsewhere: [],
      trainings: [],
    });
    for (const [name, text] of parts) {
      // What networks have of layers is counted.
      if (name !== 'variants') assert.match(text, /^\*Not measured yet[.:]/, name);
    }
  });
});
