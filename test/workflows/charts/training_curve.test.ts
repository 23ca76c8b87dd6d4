import assert from 'node:assert/strict';
import sharp from 'sharp';
import type { EpochMetrics, StepMetrics } from '../../../training/watch/metric_lines.ts';
import type { Metrics } from '../../../training/watch/metrics_file.ts';
import { curvePoints, smoothed } from '../../../workflows/charts/curve_points.ts';
import { trainingCurveSvg } from '../../../workflows/charts/training_curve.ts';
import { epochReport, STEPS_PER_EPOCH, stepReport } from '../../training/watch/support.ts';

function stepMetrics(step: number, figures: Partial<StepMetrics> = {}): StepMetrics {
  const { imagesPerSecond, waitShare, ...report } = stepReport(step);
  const time = { imagesPerSecond, waitShare, trainedSeconds: step };
  return { kind: 'step', steps: 1, ...report, time, ...figures };
}

function epochMetrics(epoch: number): EpochMetrics {
  const report = epochReport(epoch, epoch * STEPS_PER_EPOCH);
  return { kind: 'epoch', ...report, time: { trainedSeconds: epoch } } as EpochMetrics;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

function metricsOf(epochs: number): Metrics {
  return {
    steps: range(epochs * STEPS_PER_EPOCH).map((step) => stepMetrics(step)),
    epochs: range(epochs).map(epochMetrics),
  };
}

/** The texts that a reader of the figure sees. */
const textsOf = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((m) => m[1]);

describe('trainingCurveSvg', () => {
  it('shows loss, accuracy and learning rate of training and validation, with their units', async () => {
    const texts = textsOf(await trainingCurveSvg(metricsOf(4), { title: 'a network' }));
    for (const text of [
      'a network',
      'loss (nats)',
      'accuracy (%)',
      'learning rate',
      'training',
      'validation',
      'step (dashed: ends of epochs)',
    ]) {
      assert.equal(texts.filter((shown) => shown === text).length, 1, text);
    }
  });

  it('is one image with a name and a description', async () => {
    const svg = await trainingCurveSvg(metricsOf(4), { title: 'a < b & "c"' });
    assert.match(
      svg,
      /^<svg [^>]*role="img" aria-labelledby="title" aria-describedby="description">/,
    );
    assert.ok(svg.includes('<title id="title">a &lt; b &amp; "c"</title>'));
    assert.match(
      svg,
      /<desc id="description">Over 28 steps the training loss goes from 2\.36 to 1\.77 nats and the training accuracy from 10\.9 to 32 %\. The validation accuracy ends at 75\.5 % and is best after epoch 4, at 75\.5 %\.<\/desc>/,
    );
  });

  it('is white, and some 700 pixels wide', async () => {
    const svg = await trainingCurveSvg(metricsOf(4), { title: 'a network' });
    const { data, info } = await sharp(Buffer.from(svg))
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.ok(info.width > 600 && info.width < 800, `${info.width} pixels`);
    assert.deepEqual([...data.subarray(0, info.channels)], [255, 255, 255, 255]);
  });

  it('has the same bytes for the same metrics, whatever the times', async () => {
    const [first, second] = [metricsOf(3), metricsOf(3)];
    assert.notDeepEqual(first, second);
    const options = { title: 'a network' };
    assert.equal(await trainingCurveSvg(first, options), await trainingCurveSvg(second, options));
  });

  it('does without epochs, and without validation', async () => {
    const { steps } = metricsOf(2);
    const texts = textsOf(await trainingCurveSvg({ steps, epochs: [] }, { title: 'a network' }));
    assert.ok(texts.includes('step'));
    assert.ok(!texts.includes('validation'));
    const { validation: _, ...trainedOnly } = epochMetrics(1);
    const svg = await trainingCurveSvg({ steps, epochs: [trainedOnly] }, { title: 'a network' });
    assert.ok(!svg.includes('alidation'));
  });

  it('draws a loss that spans orders of magnitude on a logarithmic scale', async () => {
    const steps = [1, 2, 3].map((step) => stepMetrics(step, { loss: 10 ** -step }));
    const texts = textsOf(await trainingCurveSvg({ steps, epochs: [] }, { title: 'a network' }));
    assert.ok(texts.includes('loss (nats), log scale'));
  });

  it('leaves gaps where a figure is no number', async () => {
    const steps = [1, 2, 3].map((step) =>
      stepMetrics(step, step === 2 ? { loss: Number.NaN } : {}),
    );
    const svg = await trainingCurveSvg({ steps, epochs: [] }, { title: 'a network' });
    assert.ok(!/="[^"]*NaN/.test(svg));
  });

  it('stays small for a long run', async () => {
    const steps = range(20_000).map((step) => stepMetrics(step));
    const epochs = range(100).map(epochMetrics);
    const svg = await trainingCurveSvg({ steps, epochs }, { title: 'a network' });
    assert.ok(svg.length < 120_000, `${svg.length} bytes`);
    assert.ok(textsOf(svg).includes('step (100 epochs)'));
  });

  it('refuses metrics without a step', async () => {
    await assert.rejects(trainingCurveSvg({ steps: [], epochs: [] }, { title: 'a network' }), {
      name: 'InvalidValueError',
      message: 'Expected metrics of at least one step but received none',
    });
  });
});

describe('curvePoints', () => {
  it('weighs lines by the steps that they stand for', () => {
    const lines = range(301).map((step) =>
      stepMetrics(step, { loss: step, steps: step % 2 === 0 ? 3 : 1 }),
    );
    const points = curvePoints(lines);
    assert.equal(points.length, 151);
    assert.equal(points[0].loss, (1 + 3 * 2) / 4);
    assert.equal(points[0].step, 2);
    assert.equal(points.at(-1)!.step, 301);
  });
});

describe('smoothed', () => {
  it('keeps a straight line, to its very ends', () => {
    const line = curvePoints(range(100).map((step) => stepMetrics(step, { loss: 5 - step / 50 })));
    smoothed(line).forEach(({ loss }, i) => {
      assert.ok(Math.abs(loss - line[i].loss) < 1e-9);
    });
  });

  it('averages the noise of its neighbours away', () => {
    const noisy = range(200).map((step) => stepMetrics(step, { loss: 2 + (step % 2 ? 1 : -1) }));
    for (const { loss } of smoothed(curvePoints(noisy))) {
      assert.ok(Math.abs(loss - 2) < 0.5, `${loss}`);
    }
  });

  it('leaves a curve of few points as it is', () => {
    const few = curvePoints(range(9).map((step) => stepMetrics(step)));
    assert.deepEqual(smoothed(few), few);
  });
});
