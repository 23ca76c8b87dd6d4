import assert from 'node:assert/strict';
import { recordParts } from '../../../scripts/docs/record_parts.ts';
import { accuracyRow } from '../../../workflows/records/accuracy_row.ts';
import { RECORDS } from './support.ts';

const explain = {
  ...RECORDS.explain,
  network: 'a_network',
  photographs: {
    ...RECORDS.explain.photographs!,
    accuracy: {
      images: 50,
      floatTop1Percent: 90,
      asPublishedTop1Percent: 4.5,
      option1Top1Percent: 60,
    },
  },
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
    const hook = recordParts({ ...RECORDS, explain, table }).get('hook');
    assert.equal(
      hook,
      'On 50 photographs of ImageNet the published `a_network` is right for\n' +
        '90.0 % in float and for 4.5 % in plain per-tensor 8 bits: **85.5 points lost**.\n' +
        'tf8 gets 60.0 % out of the same weights, without training. A MobileNet that it\n' +
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

  it('list what published networks lose as they come', () => {
    const network = {
      weightsSha256: '',
      images: 250,
      floatTop1Percent: 88.76,
      tf8Top1Percent: 1.2,
    };
    const published = {
      date: '2026-01-02',
      environment: RECORDS.explain.environment,
      data: '',
      calibrationImages: 200,
      networks: [{ ...network, name: 'Other' }],
    };
    const part = recordParts({ ...RECORDS, published }).get('published');
    assert.match(part ?? '', /\n\| Other +\| +250 \| +88\.8 \| +1\.2 \| +87\.6 \|\n/);
    assert.match(part ?? '', /200 others calibrate/);
  });

  it('say so where a record is not there', () => {
    const parts = recordParts({
      explain: undefined,
      paperFigures: undefined,
      rearchitect: undefined,
      granularity: undefined,
      models: undefined,
      published: undefined,
      recipes: undefined,
      table: undefined,
      quick: undefined,
      quickElsewhere: [],
    });
    for (const [name, text] of parts) assert.equal(text, '*Not measured yet.*', name);
  });
});
