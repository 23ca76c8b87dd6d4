import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pageFigures } from '../../../scripts/docs/page_figures.ts';
import { type PageRecords, readRecords } from '../../../scripts/docs/records.ts';
import { fillTemplate } from '../../../scripts/docs/template.ts';
import { RECORDS, ROOT } from './support.ts';

const pageOf = async (records: PageRecords) =>
  fillTemplate(
    await readFile(join(ROOT, 'docs/templates/why-mobilenets-collapse.md'), 'utf8'),
    pageFigures(records).sources,
  );

async function committedTable() {
  const { table } = await readRecords(join(ROOT, 'bench', 'results'));
  return table;
}

describe('pageFigures', () => {
  it('has a figure for every place of the page, and a place for every figure', async () => {
    const page = await pageOf(RECORDS);
    assert.ok(!page.includes('{{') && !page.includes('Not measured yet'));
    for (const text of [
      'the right one of 1000 classes for 70.5 %',
      'In the first depthwise layer of the published network, 7 of 32\nchannels are dead',
      '| Conv2d_1_depthwise | −1.25 … 2 (77) |',
      '|    200 |      40 |             1234 |  44.4 | 41.4 |',
      '| Conv2d_2_pointwise |                    33.1 | 0.001 |',
      '| white wolf 94.6 | window shade 32.8 | white wolf 75.0 | wool 6.3 | fox 50.0      |',
      'falls from 32.8 to 25.5 dB with\nReLU6, and from 35.0 to 30.0 dB with ReLU',
      'cuts 12.3 % of the outputs',
      '| standard | cifar10 |    500 |',
      '- A note.',
      'On 50 photographs, calibrated on 200 others, this takes the published\nnetwork from 5.0 to 88.5 %',
      '| all, one range a channel                               |  88.5 |        89.5 |                   15.0 |',
      'without the ReLU6 behind its depthwise layers for 0.5 %',
    ]) {
      assert.ok(page.includes(text), text);
    }
  });

  it('says what is not measured yet, and how to measure it', async () => {
    const { photographs: _, ...explain } = RECORDS.explain;
    const page = await pageOf({
      explain: { ...explain, trained: [] },
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
    for (const command of [
      'npm run bench:explain -- --imagenet DIR --record',
      'npm run bench:explain -- --trained NAME=MODEL --record',
      'npm run bench:figures -- --relu6 MODEL --relu MODEL --record',
      'npm run bench:figures -- --imagenet DIR --record',
      'npm run bench:figures -- --record',
      'npm run bench:granularity -- --imagenet DIR --record',
      'npm run bench:agreement -- --data DIR --record',
      'npm run bench:rearchitect -- --imagenet DIR --record',
      'npx tf8 reproduce --dataset cifar10 --preset standard',
    ]) {
      assert.ok(page.includes(`*Not measured yet: \`${command}\` measures it.*`), command);
    }
    assert.ok(!page.includes('figures/sqnr.svg') && !page.includes('figures/unexplained.svg'));
  });

  it('finds on ReLU6 before it advises, and explains the table beside it', async () => {
    const page = await pageOf({ ...RECORDS, table: await committedTable() });
    const places = [
      '## Is it the ReLU6?',
      '## A friendlier architecture',
      '## The table',
      '**Why `friendly` (70.8 %) stands below `standard, Option 1` (74.4 %),**',
      '## Where the figures come from',
    ].map((text) => page.indexOf(text));
    assert.ok(
      places.every((place, at) => place > (places[at - 1] ?? 0)),
      `${places}`,
    );
  });

  it('makes no page without the record of the published network', () =>
    assert.rejects(pageOf({ ...RECORDS, explain: undefined }), {
      name: 'UserError',
      message: /^Expected explain for the figure \{\{explain\.\w+\}\} but it is missing$/,
    }));
});
