/**
 * The real network: the published MobileNet_v1_1.0_224 on photographs. Every tier's bytes are the
 * reference's on the output of every layer; Option 1 rescues logits that are lost as published.
 */
import assert from 'node:assert/strict';
import type { ZeroVariancePolicy } from '../../../architectures/fold_batch_norm.ts';
import { loadModelFolder } from '../../../checkpoints/model_store.ts';
import { openImageNet } from '../../../datasets/imagenet.ts';
import { calibrate } from '../../../quantize/convert/calibrate.ts';
import { convertGraph } from '../../../quantize/convert/convert_graph.ts';
import type { FloatGraph } from '../../../quantize/convert/float_graph.ts';
import { FloatRunner } from '../../../quantize/convert/float_runner.ts';
import { fuseLayersModel } from '../../../quantize/convert/fuse.ts';
import { Tf8Executor } from '../../../quantize/execute/executor.ts';
import type { TierName } from '../../../quantize/kernels/kernels.ts';
import { availableTiers, selectKernels } from '../../../quantize/kernels/select.ts';
import { decodeTf8, encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import type { Tf8Model } from '../../../quantize/model/tf8_model.ts';
import { quantizeArray } from '../../../quantize/params/quantization.ts';
import { sqnrDb } from '../../../quantize/params/sqnr.ts';
import { selectBackend } from '../../../training/backend.ts';
import { publishedModel } from '../../support/published_model.ts';
import { sharedFolder, skip } from '../../support/skip.ts';

const NAME = 'mobilenet_v1_1.0_224';
const SHAPE = [224, 224, 3] as const;
const IMAGES = 3;
const CALIBRATION_IMAGES = 8;

describe(`the published ${NAME} in TF8`, () => {
  /** As published, and with Option 1. */
  const models = new Map<ZeroVariancePolicy, Tf8Model>();
  const graphs = new Map<ZeroVariancePolicy, FloatGraph>();
  let photographs: Float32Array;

  before(async function () {
    this.timeout(180_000);
    const folder = sharedFolder(this, 'imagenet-samples');
    const backend = await selectBackend();
    if (backend.name !== 'tensorflow') skip(this, backend.notes.join('; '));
    const { model } = await loadModelFolder(await publishedModel(this));
    const dataset = await openImageNet(folder);
    const batches = (limit: number, skip: number) =>
      dataset.batches({ split: 'test', batchSize: 4, resolution: 224, seed: 0, limit, skip });
    for await (const { images } of batches(IMAGES, 0)) photographs = images;
    for (const zeroVariance of ['keep', 'mean'] as const) {
      const graph = fuseLayersModel(model, { zeroVariance });
      const calibration = await calibrate(graph, batches(CALIBRATION_IMAGES, IMAGES));
      const converted = convertGraph(graph, calibration, {
        inputRange: { min: -1, max: 1 },
        labelOffset: 1,
        classNames: [],
        provenance: {
          floatModel: NAME,
          floatWeightsSha256: '',
          calibrationImages: calibration.images,
          calibrationData: dataset.fingerprint,
          zeroVariance,
        },
      });
      graphs.set(zeroVariance, graph);
      models.set(zeroVariance, await decodeTf8(await encodeTf8(converted), NAME));
    }
    model.dispose();
  });

  /** The reference's bytes of every layer, made once. */
  let expected: ReadonlyMap<string, Uint8Array> | undefined;

  for (const { tier, available, reason } of availableTiers()) {
    if (tier === 'reference') continue;
    it(`gives on ${tier} the reference's bytes on every layer of ${IMAGES} images`, function () {
      if (!available) skip(this, reason ?? '');
      const model = models.get('keep')!;
      const input = quantizeArray(photographs, model.input.quantization);
      assert.equal(input.length, IMAGES * elements(SHAPE));
      const executor = (tier: TierName) => new Tf8Executor(model, selectKernels(tier).kernels);
      expected ??= executor('reference').runLayers(input);
      const received = executor(tier).runLayers(input);
      assert.equal(expected.size, 30, '28 convolutions, a pool and the input');
      assert.deepEqual([...received.keys()], [...expected.keys()]);
      for (const [name, bytes] of expected) {
        const at = bytes.findIndex((byte, index) => byte !== received.get(name)![index]);
        assert.equal(received.get(name)!.length, bytes.length, name);
        assert.equal(at, -1, `${name}[${at}]: ${bytes[at]}, but ${received.get(name)![at]}`);
      }
    }).timeout(120_000);
  }

  it('replaces, with Option 1, the zero-variance channels of seven depthwise layers', () => {
    const channels = (policy: ZeroVariancePolicy) =>
      [...graphs.get(policy)!.zeroVarianceChannels].map(([name, list]) => [name, list.length]);
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
    const logitsSqnrDb = (zeroVariance: ZeroVariancePolicy) => {
      const runner = new FloatRunner(graphs.get('keep')!);
      const float = runner.logits(photographs, [IMAGES, ...SHAPE]);
      runner.dispose();
      const executor = new Tf8Executor(models.get(zeroVariance)!, selectKernels('wasm').kernels);
      return sqnrDb(float, executor.runFloat(photographs));
    };
    const [asPublished, option1] = [logitsSqnrDb('keep'), logitsSqnrDb('mean')];
    assert.ok(asPublished < 3 && option1 > asPublished + 1, `${asPublished} dB, ${option1} dB`);
  });
});

function elements(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
