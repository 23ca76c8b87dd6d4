import assert from 'node:assert/strict';
import sharp from 'sharp';
import { pageFigures } from '../../../scripts/docs/page_figures.ts';
import { type Chart, chartSvg, shortLayer } from '../../../workflows/charts/chart.ts';
import { RECORDS } from './support.ts';

const { charts } = pageFigures(RECORDS);
const named = (name: string): Chart => charts.find((chart) => chart.name === name)!;

describe('the charts of the pages', () => {
  it('are there for every record', () => {
    assert.deepEqual(
      charts.map(({ name }) => name),
      [
        'core-layers',
        'alpha',
        'ranges',
        'levels',
        'one-range',
        'decibels',
        'sqnr',
        'clipped',
        'activations',
        'unexplained',
        'images',
      ],
    );
  });

  it('are small pictures with a text alternative, without fonts or files of others', async () => {
    for (const chart of charts) {
      const svg = await chartSvg(chart);
      const { width, height } = await sharp(Buffer.from(svg)).metadata();
      assert.ok(width > 500 && width < 900 && height > 200 && height < 550, `${width} ${height}`);
      assert.ok(svg.length < 50_000, `${chart.name}: ${svg.length}`);
      assert.ok(svg.includes(`<title id="title">${chart.title}</title>`), chart.name);
      assert.ok(!/href|@import|url\((?!#)|NaN|undefined/.test(svg), chart.name);
      assert.equal(await chartSvg(chart), svg);
    }
  });

  it('have every colour for light paper and for dark', async () => {
    for (const chart of charts) {
      const svg = await chartSvg(chart);
      const [, rules = ''] = /<style>@media\(prefers-color-scheme:dark\)\{(.*)\}<\/style>/.exec(
        svg,
      )!;
      for (const property of ['fill', 'stroke']) {
        const used = new Set(svg.match(new RegExp(`(?<=<[^>]* )${property}="#[0-9a-f]+"`, 'g')));
        for (const attribute of used) {
          assert.ok(rules.includes(`[${attribute}]{${property}:#`), `${chart.name}: ${attribute}`);
        }
      }
      assert.ok(!svg.includes('var('), chart.name);
    }
  });

  it('tell their figures in words', () => {
    assert.match(
      named('core-layers').description,
      /friendly, as trained: depthwise 3 × 3 → pointwise/,
    );
    assert.match(
      named('one-range').description,
      /from −25\.5 to 25\.5, .* from −1 to 1\.55\. .* has 14 levels, of 0\.2 each; by its own, 256 of 0\.01\./,
    );
    assert.match(
      named('decibels').description,
      /a_network: 8 points from 5\.0 % at −0\.3 dB to 89\.5/,
    );
    assert.match(named('alpha').description, /7 channels of zero variance have 21\.5, .*30\.7/);
    assert.match(
      named('activations').description,
      /With ReLU6 .* to 18\.3 dB .*, with ReLU .* to 25\.0/,
    );
    assert.match(named('unexplained').description, /at Conv2d_2_pointwise: 33\.1 %/);
    assert.match(named('images').description, /20\.4 % with 10 images and 44\.4 % with 200;/);
  });
});

describe('shortLayer', () => {
  it('keeps number and kind of a layer', () => {
    assert.deepEqual(
      ['Conv2d_0', 'Conv2d_1_depthwise', 'Conv2d_13_pointwise', 'Conv2d_1c_1x1', 'Mixed_5b'].map(
        shortLayer,
      ),
      ['0', '1 dw', '13 pw', 'logits', 'Mixed_5b'],
    );
  });
});
