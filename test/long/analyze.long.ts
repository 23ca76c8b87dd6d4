import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { AnalyzeResult } from '../../workflows/analyze/finish_analysis.ts';
import { runTf8 } from '../scripts/run_tf8.ts';
import { inFolder } from '../support/in_folder.ts';
import { sharedFolder } from '../support/skip.ts';

const PEAK_MEMORY = new URL('../slow/say_peak_memory.ts', import.meta.url).href;

/** Channels of zero variance of the published network's depthwise layers. */
const DEAD: Readonly<Record<string, number>> = {
  Conv2d_1_depthwise: 7,
  Conv2d_2_depthwise: 2,
  Conv2d_3_depthwise: 4,
  Conv2d_4_depthwise: 1,
  Conv2d_9_depthwise: 1,
  Conv2d_10_depthwise: 1,
  Conv2d_13_depthwise: 4,
};

describe('the analysis of the published MobileNet', function () {
  this.timeout(40 * 60_000);
  let photographs: string;

  before(function () {
    photographs = sharedFolder(this, 'imagenet-samples');
  });

  function analyze(...options: string[]): Promise<{ result: AnalyzeResult; peak: number }> {
    return inFolder(async (folder) => {
      const { status, stdout, stderr } = await runTf8(
        [
          'analyze',
          'mobilenet_v1_1.0_224',
          '--dataset',
          'imagenet',
          '--data',
          photographs,
          '--runs-dir',
          join(folder, 'runs'),
          '--json',
          ...options,
        ],
        { node: ['--import', 'tsx', '--import', PEAK_MEMORY] },
      );
      assert.equal(status, 0, stderr);
      const peak = Number(/peak (\d+) bytes/.exec(stderr)?.[1]);
      return { result: JSON.parse(stdout), peak };
    });
  }

  it('names the layers with dead channels first, and Option 1, on 500 photographs in 2 GB', async () => {
    const { result, peak } = await analyze('--recipe', 'as-published');
    const { images, layers, diagnosis } = result;
    assert.equal(images, 500);
    const dead = layers.filter(({ deadChannels }) => deadChannels > 0);
    assert.deepEqual(
      Object.fromEntries(dead.map(({ name, deadChannels }) => [name, deadChannels])),
      DEAD,
    );
    const first = diagnosis.slice(0, dead.length);
    assert.deepEqual(
      first.map(({ layer, cause }) => `${layer} ${cause}`).sort(),
      Object.keys(DEAD)
        .map((layer) => `${layer} deadChannels`)
        .sort(),
    );
    for (const { remedy } of first) assert.match(remedy, /Option 1.*--zero-variance mean/);
    assert.ok(peak < 2e9, `${peak} bytes`);
  });

  it('names other causes first after Option 1', async () => {
    const { result } = await analyze('--zero-variance', 'mean', '--limit', '50');
    assert.ok(result.diagnosis.length > 0);
    assert.ok(result.diagnosis.every(({ cause }) => cause !== 'deadChannels'));
    assert.equal(result.diagnosis[0].cause, 'weightQuantization');
    assert.equal(result.layers[1].deadChannels, 7);
  });
});
