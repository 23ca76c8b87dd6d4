/**
 * The real network: the published MobileNet_v1_1.0_224 on photographs. Every tier's bytes are the
 * reference's on the output of every layer; Option 1 rescues logits that are lost as published.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import type { ZeroVariancePolicy } from '../../../architectures/graph/fold_batch_norm.ts';
import { replacedChannels } from '../../../architectures/graph/passes/fold_batch_norms.ts';
import { planOn } from '../../../quantize/execute/plan_on.ts';
import { examineTiers } from '../../../quantize/kernels/select.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { sqnrDb } from '../../../quantize/params/sqnr.ts';
import { folderIn, installed, runScript } from '../../package/installed.ts';
import { skip } from '../../support/skip.ts';
import {
  PUBLISHED,
  PUBLISHED_SHAPE,
  type PublishedNetwork,
  publishedNetwork,
  ReferenceLayers,
} from './published_network.ts';

/** Of the logits; the tiers are held to the reference on the first: more in test/slow/tiers.slow.ts. */
const IMAGES = 2;

describe(`the published ${PUBLISHED} in TF8`, () => {
  let network: PublishedNetwork;
  let reference: ReferenceLayers;

  before(async function () {
    this.timeout(300_000);
    network = await publishedNetwork(this, IMAGES, ['keep', 'mean']);
    const first = network.photographs.subarray(0, network.photographs.length / IMAGES);
    reference = new ReferenceLayers(network.models.get('keep')!, first);
  });

  for (const report of examineTiers()) {
    if (report.tier === 'reference') continue;
    it(`gives on ${report.name} the reference's bytes on every layer of a photograph`, function () {
      if (report.state !== 'passed') skip(this, report.reason);
      assert.equal(reference.images, 1);
      for (const threads of [1, 2]) {
        const layers = reference.compare(report.kernels, threads);
        assert.equal(layers.length, 30, '28 convolutions, a pool and the input');
      }
    }).timeout(300_000);
  }

  it('replaces, with Option 1, the zero-variance channels of seven depthwise layers', () => {
    const channels = (policy: ZeroVariancePolicy) =>
      [...replacedChannels(network.graphs.get(policy)!)].map(([name, list]) => [name, list.length]);
    assert.deepEqual(channels('keep'), []);
    assert.deepEqual(channels('mean'), [
      ['Conv2d_1_depthwise', 7],
      ['Conv2d_2_depthwise', 2],
      ['Conv2d_3_depthwise', 4],
      ['Conv2d_4_depthwise', 1],
      ['Conv2d_9_depthwise', 1],
      ['Conv2d_10_depthwise', 1],
      ['Conv2d_13_depthwise', 4],
    ]);
  });

  it('loses the logits as published and keeps most of them with Option 1', () => {
    const { graphs, models, photographs } = network;
    const logitsSqnrDb = (zeroVariance: ZeroVariancePolicy) => {
      const runner = new FloatRunner(graphs.get('keep')!);
      const [float] = runner.outputs(photographs, [IMAGES, ...PUBLISHED_SHAPE]);
      runner.dispose();
      using plan = planOn(models.get(zeroVariance)!);
      return sqnrDb(float, plan.predict(photographs));
    };
    const [asPublished, option1] = [logitsSqnrDb('keep'), logitsSqnrDb('mean')];
    assert.ok(asPublished < 3 && option1 > asPublished + 1, `${asPublished} dB, ${option1} dB`);
  });

  it('classifies a photograph in a process that has no TensorFlow', async function () {
    const model = network.models.get('mean')!;
    const photograph = network.photographs.slice(0, 224 * 224 * 3);
    const folder = await folderIn(await installed(this));
    await writeFile(join(folder, 'model.tf8'), await encodeTf8(model));
    await writeFile(join(folder, 'photograph'), new Uint8Array(photograph.buffer));
    const stdout = await runScript(
      folder,
      `import { readFileSync } from 'node:fs';
      import { loadTf8 } from 'tf8';
      const photograph = new Float32Array(new Uint8Array(readFileSync('photograph')).buffer);
      const plan = await loadTf8('model.tf8');
      console.log(JSON.stringify(plan.classify(photograph)));`,
    );
    using plan = planOn(model);
    const guesses = plan.classify(photograph);
    assert.deepEqual(JSON.parse(stdout), guesses);
    assert.equal(guesses[0].length, 5);
  });
});
