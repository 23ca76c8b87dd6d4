import assert from 'node:assert/strict';
import { PUBLIC_CHECKPOINTS } from '../../checkpoints/public/public_checkpoints.ts';
import type { EvaluateResult } from '../../workflows/evaluate/evaluation_record.ts';
import { runTf8 } from '../scripts/run_tf8.ts';
import { sharedFolder } from '../support/skip.ts';

/**
 * Top-1 in float on the 500 photographs, of those that a registry has. They are training images: each
 * network knows more of them than of the validation set, and one that was given the wrong numbers
 * knows far fewer.
 */
const LEAST: Readonly<Record<string, number>> = {
  efficientnet_lite0: 85,
  efficientnet_lite1: 85,
  efficientnet_lite2: 85,
};

describe('published weights on 500 photographs, by the preprocessing that is stored with them', function () {
  this.timeout(30 * 60_000);
  let photographs: string;

  before(function () {
    photographs = sharedFolder(this, 'imagenet-samples');
  });

  it('are those of every checkpoint but MobileNetV1 that a registry has', () => {
    const registered = PUBLIC_CHECKPOINTS.filter(({ network, sources }) => {
      return network !== 'mobilenet_v1' && sources.some(({ route }) => route.kind !== 'url');
    });
    assert.deepEqual(
      registered.map(({ name }) => name),
      Object.keys(LEAST),
    );
  });

  for (const [name, least] of Object.entries(LEAST)) {
    it(`${name} is right for ${least} % at least`, async () => {
      const { status, stdout, stderr } = await runTf8([
        'evaluate',
        name,
        ...['--dataset', 'imagenet', '--data', photographs],
        ...['--precision', 'float', '--json'],
      ]);
      assert.equal(status, 0, stderr);
      const { images, float } = JSON.parse(stdout) as EvaluateResult;
      assert.equal(images, 500);
      assert.ok(float!.top1 >= least, `${float!.top1} %`);
    });
  }
});
