import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { WordedFinding } from '../../../workflows/records/analysis_record.ts';
import type { WrittenReport } from '../../../workflows/report/write_content.ts';
import { writeReport } from '../../../workflows/report/write_report.ts';
import { contextOf } from '../../scripts/support.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { analysisOf, HOSTILE, hostileRun, wholeRun, write } from './support.ts';

describe('writeReport', () => {
  let dir: string;
  let whole: WrittenReport;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tf8-report-'));
    whole = await write(wholeRun(), dir);
  });

  after(() => rm(dir, { recursive: true, force: true }));

  /** The page without its scripts, and the scripts. */
  const partsOf = (page: string) => {
    const scripts = [...page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(
      ([, text]) => text,
    );
    return { markup: page.replaceAll(/<script[^>]*>[\s\S]*?<\/script>/g, ''), scripts };
  };

  it('writes one page, and every figure as SVG and as PNG', async () => {
    const written = whole;
    assert.deepEqual((await readdir(dir)).sort(), ['figures', 'report.html']);
    const names = ['accuracy', 'causes', 'logits', 'sqnr'];
    const layers = ['00-Conv2d_0', '01-Conv2d_1_depthwise', '02-Conv2d_1_pointwise', '03-logits'];
    const figures = [...names, ...layers.map((layer) => `layer-${layer}`)];
    assert.deepEqual(
      (await readdir(written.figures)).sort(),
      figures.flatMap((name) => [`${name}.png`, `${name}.svg`]).sort(),
    );
    assert.equal(written.figureCount, figures.length);
    for (const name of figures) {
      const svg = await readFile(join(written.figures, `${name}.svg`), 'utf8');
      assert.match(svg, /^<svg[^>]* role="img"[^>]*><title id="title">.+<\/title><desc/s, name);
      assert.ok(!/var\(--|NaN|undefined/.test(svg), name);
      const [of, from] = [
        await sharp(Buffer.from(svg)).metadata(),
        await sharp(join(written.figures, `${name}.png`)).metadata(),
      ];
      assert.ok(Math.abs(from.width / of.width - 2) < 0.02, `${name}: ${from.width}`);
    }
  });

  it('takes nothing from outside, and lets only its own script run, with its licences', async () => {
    const { markup, scripts } = partsOf(await readFile(whole.report, 'utf8'));
    const links = [...markup.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, link]) => link);
    assert.ok(links.length > 10);
    for (const link of links) assert.match(link, /^(#|data:|figures\/[\w-]+\.(svg|png)$)/);
    assert.ok(!/@import|url\((?!#)/.test(markup));
    const [, script] = scripts;
    const hash = createHash('sha256').update(script).digest('base64');
    assert.match(markup, /content="default-src &#39;none&#39;; img-src data:;/);
    assert.ok(markup.includes(`script-src &#39;sha256-${hash}&#39;`));
    assert.match(script, /\bvega-view\b.*Redistribution and use in source/s);
  });

  it('has a text alternative and a table for every plot', async () => {
    const { markup } = partsOf(await readFile(whole.report, 'utf8'));
    const plots = [...markup.matchAll(/<div class="plot[ "][^>]*>/g)];
    assert.equal(plots.length, 5);
    for (const [plot] of plots) assert.match(plot, /role="img" aria-label="[^"]{20,}"/);
    assert.match(markup, /standard on cifar10: 81\.0 % in float, 70\.0 % in TF8\./);
    assert.match(markup, /By itself Conv2d_0 loses most: 8\.0 dB\./);
    assert.match(markup, /<th scope="row">logits<\/th><td class="number">lossless<\/td>/);
  });

  it('shows the outputs that are images, float beside TF8, of a network without classes', () =>
    inFolder(async (folder) => {
      const [picture] = wholeRun().samples!.images;
      const pictures = [{ output: 'a/mask', float: 'AAAA', tf8: 'BBBB' }];
      const samples = {
        selection: 'the first 1 of some',
        images: [{ ...picture, float: [], tf8: [], pictures }],
      };
      const { report } = await write({ ...wholeRun(), samples }, folder);
      const { markup } = partsOf(await readFile(report, 'utf8'));
      assert.match(markup, /The outputs that are images, in float and in TF8, for the first 1 of/);
      for (const [png, title] of [
        ['AAAA', 'float'],
        ['BBBB', 'TF8'],
      ]) {
        const image = `<img src="data:image/png;base64,${png}" alt="a/mask in ${title}">`;
        assert.ok(markup.includes(image), title);
      }
      assert.ok(!markup.includes('The five likeliest classes'));
    }));

  it('escapes all text from data, and names files harmlessly', () =>
    inFolder(async (other) => {
      const { report, figures } = await write(hostileRun(), other);
      const page = await readFile(report, 'utf8');
      assert.ok(!page.includes('<script>alert'));
      assert.ok(!page.includes('"x")</script>'));
      assert.ok(page.includes('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;'));
      for (const file of await readdir(figures)) assert.match(file, /^[\w-]+\.(svg|png)$/);
      const svg = await readFile(join(figures, 'sqnr.svg'), 'utf8');
      assert.ok(!svg.includes('<script'), HOSTILE);
    }));

  it('says what a run has not got, and makes nothing up', () =>
    inFolder(async (other) => {
      const parts = { ...wholeRun(), analysis: undefined, samples: undefined };
      const { report, figures } = await write(parts, other);
      const { markup } = partsOf(await readFile(report, 'utf8'));
      assert.match(markup, /<h2 id="missing-title">Not in this run<\/h2>/);
      assert.match(markup, /Diagnosis, .*: this run looked at no layers/);
      assert.match(markup, /Images .*: this run kept none/);
      assert.ok(!/id="(diagnosis|sqnr|layers|images)"/.test(markup));
      assert.deepEqual((await readdir(figures)).sort(), ['accuracy.png', 'accuracy.svg']);
    }));

  it('says each cause once, with its remedy and the layers that have it', () =>
    inFolder(async (other) => {
      const [first] = analysisOf(['a']).diagnosis;
      const { remedy } = first;
      const found = (layer: string, change: Partial<WordedFinding> = {}) => ({
        ...first,
        layer,
        ...change,
      });
      const analysis = {
        ...analysisOf(['a', 'b', 'c']),
        diagnosis: [
          found('b'),
          found('a'),
          found('c', {
            cause: 'weightRange',
            remedy: 'use "tf8 train --from MODEL" or --tier auto',
          }),
        ],
      };
      const { report } = await write({ ...wholeRun(), analysis }, other);
      const page = await readFile(report, 'utf8');
      assert.match(page, /channels of zero variance in 2 layers, b first\./);
      const shown = remedy.replace('--zero-variance mean', '<code>--zero-variance mean</code>');
      assert.equal(page.split(`<strong>Remedy</strong> ${shown}`).length, 2);
      assert.match(
        page,
        /<code class="command"><span>tf8<\/span> <span>train<\/span> <span>--from<\/span> <span>MODEL<\/span><\/code> or <code>--tier auto</,
      );
      assert.ok(page.indexOf('<strong>b</strong>') < page.indexOf('<strong>a</strong>'));
      assert.match(page, /data-shown="1"/);
    }));

  it('shows how much is lost, whole commands, and what ReLU6 clips apart', () =>
    inFolder(async (other) => {
      const whole = analysisOf(['a', 'b']);
      const [found] = whole.diagnosis;
      const clipped = {
        ...found,
        cause: 'relu6Clipping',
        cost: { layer: 0, cause: 0 },
        evidence: { clippedShare: 0.039, linearMax: 31.5, clippedEnergyShare: 0.14 },
        commands: [],
      } as const;
      const analysis = {
        ...whole,
        verdict: 'TF8 loses 60.0 points of top-1 (float 70.0 %, TF8 10.0 %): dead channels',
        agreement: { images: 3, agreeing: 1 },
        accuracy: { images: 3, float: { top1: 70, top5: 90 }, tf8: { top1: 10, top5: 20 } },
        diagnosis: [{ ...found, commands: ["tf8 quantize 'my <net>' --out x"] }, clipped],
      };
      const { report } = await write({ ...wholeRun(), table: undefined, analysis }, other);
      const page = await readFile(report, 'utf8');
      assert.match(page, /<p class="headline">TF8 loses 60\.0 points .*: dead channels\.<\/p>/);
      assert.match(page, /<dt>top-1 in TF8<\/dt><dd>10\.0 %<\/dd>/);
      assert.match(page, /<dt>same first class in both<\/dt><dd>1 of 3 images<\/dd>/);
      assert.match(page, /<pre tabindex="0"><code>tf8 quantize .*my &lt;net&gt;.* --out x<\/code>/);
      const [losses, clipping] = page.split('What ReLU6 clips</h2>');
      assert.doesNotMatch(losses.slice(losses.indexOf('<main>')), /ReLU6/);
      assert.match(clipping, /<td class="number">14\.0 %<\/td>/);
    }));

  it('calls a network without findings healthy', () =>
    inFolder(async (other) => {
      const analysis = { ...analysisOf(['a', 'b']), diagnosis: [] };
      const { report } = await write({ ...wholeRun(), analysis }, other);
      const page = await readFile(report, 'utf8');
      assert.match(page, /Quantizes well, as 3 images show\./);
      assert.match(page, /class="healthy"/);
    }));

  it('shows accuracy with parts in 8 bits where it was measured', () =>
    inFolder(async (other) => {
      const [most, least] = [
        { top1: 70, top5: 90 },
        { top1: 12.5, top5: 30 },
      ];
      const accuracy = {
        images: 8,
        float: most,
        tf8: least,
        onlyWeights: least,
        onlyActivations: most,
        layers: ['a', 'b'].map((layer) => ({ layer, onlyThis: least, allButThis: most })),
      };
      const analysis = { ...analysisOf(['a', 'b']), accuracy };
      const { report, figures } = await write({ ...wholeRun(), analysis }, other);
      const page = await readFile(report, 'utf8');
      assert.match(page, /<th scope="row">only weights in 8 bits<\/th><td class="number">12\.5</);
      assert.ok((await readdir(figures)).includes('ablation.svg'));
    }));

  it('gives the same bytes for the same parts, and replaces an earlier report', async () => {
    const { report, figures } = whole;
    const before = await readFile(report);
    await writeFile(join(figures, 'stale.svg'), '');
    await write(wholeRun(), dir);
    assert.ok(before.equals(await readFile(report)));
    assert.ok(!(await readdir(figures)).includes('stale.svg'));
  });

  it('refuses a folder that it cannot write', () =>
    assert.rejects(write(wholeRun(), join(whole.report, 'below-a-file')), {
      name: 'UserError',
      message: /^Expected a folder/,
    }));

  it('tells how far it is, and stops where it is aborted', async () => {
    const reporter = recordingReporter();
    await writeReport(wholeRun(), dir, { ...contextOf(reporter) });
    assert.deepEqual(reporter.work, [{ label: 'drawing the report', done: 8, ends: 1 }]);
    const signal = AbortSignal.abort(new Error('interrupted'));
    await assert.rejects(writeReport(wholeRun(), dir, { ...contextOf(), signal }), /interrupted/);
    assert.deepEqual((await readdir(dir)).sort(), ['figures', 'report.html']);
    assert.equal((await readdir(whole.figures)).length, 16, 'the earlier report stays whole');
  });
});
