import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import type { ClassifyResult } from '../../workflows/classify.ts';
import type { EvaluateResult } from '../../workflows/evaluate/evaluation_record.ts';
import { runTf8 } from '../scripts/run_tf8.ts';
import { sharedFolder } from '../support/skip.ts';

const PEAK_MEMORY = new URL('./say_peak_memory.ts', import.meta.url).href;

const PUBLISHED = 'mobilenet_v1_1.0_224';

describe('the published MobileNet on 500 photographs', function () {
  this.timeout(20 * 60_000);
  let photographs: string;

  before(function () {
    photographs = sharedFolder(this, 'imagenet-samples');
  });

  async function evaluate(zeroVariance: 'keep' | 'mean') {
    const { status, stdout, stderr } = await runTf8(
      [
        'evaluate',
        PUBLISHED,
        '--dataset',
        'imagenet',
        '--data',
        photographs,
        '--calibration-data',
        photographs,
        '--calibration-images',
        '200',
        '--zero-variance',
        zeroVariance,
        '--seed',
        '0',
        '--json',
      ],
      { node: ['--import', 'tsx', '--import', PEAK_MEMORY] },
    );
    assert.equal(status, 0, stderr);
    const peak = Number(/peak (\d+) bytes/.exec(stderr)?.[1]);
    return { result: JSON.parse(stdout) as EvaluateResult, peak };
  }

  it('is right in float, collapses in TF8 as published, and stays under 2 GB', async () => {
    const { result, peak } = await evaluate('keep');
    assert.equal(result.images, 500);
    assert.equal(result.skipped, 0);
    assert.ok(Math.abs(result.float!.top1 - 90.8) <= 1.5, `float ${result.float!.top1}`);
    assert.ok(result.tf8!.top1 < 15, `TF8 ${result.tf8!.top1}`);
    assert.ok(peak < 2e9, `${peak} bytes`);
  });

  it('is rescued by Option 1', async () => {
    const { result } = await evaluate('mean');
    const { top1 } = result.tf8!;
    assert.ok(top1 >= 50 && top1 <= 80, `TF8 ${top1}`);
  });

  it('knows the white wolf in float and not in TF8', async () => {
    const image = resolve(photographs, 'images/n02114548/n02114548_0.JPEG');
    const { status, stdout, stderr } = await runTf8([
      'classify',
      image,
      '--calibration-data',
      photographs,
      '--recipe',
      'as-published',
      '--json',
    ]);
    assert.equal(status, 0, stderr);
    const { float, tf8 } = JSON.parse(stdout) as ClassifyResult;
    assert.match(float![0].name, /^white wolf/);
    for (const { name } of tf8) assert.doesNotMatch(name, /wolf|dog|fox|bear/);
  });
});
