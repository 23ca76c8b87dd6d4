import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layersModelOf } from '../../../architectures/graph/layers_model_of.ts';
import { buildNetwork, type NetworkConfig, networkConfig } from '../../../architectures/network.ts';
import { FRIENDLY, STANDARD } from '../../../architectures/variants.ts';
import { architectureOf, type StoredPreprocessing } from '../../../checkpoints/store/model_card.ts';
import { saveModelFolder } from '../../../checkpoints/store/model_store.ts';
import type { LabelledBatch, LabelledDataset } from '../../../datasets/dataset.ts';
import { centralFractionOf } from '../../../datasets/images/preprocess.ts';
import { FINETUNE_RMSPROP } from '../../../training/recipes/recipes.ts';
import { openFloatModel } from '../../../workflows/open/open_model.ts';
import { imagesIn } from '../../../workflows/train/images_in.ts';
import { type TrainJobOptions, trainJob } from '../../../workflows/train/train.ts';
import { contextOf } from '../../scripts/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { foreignGraph } from './foreign.ts';

const SIZES = { widthMultiplier: 0.1, resolution: 32, classes: 4 };

/** As EfficientNet-Lite was published: pixels of which 127 is 0. */
const LITE: StoredPreprocessing = {
  centralFraction: 0.875,
  range: { min: -127 / 128, max: 1 },
  resample: 'bicubic',
};

describe('trainJob of inverted residuals', () => {
  let folder: string;
  let options: TrainJobOptions;

  before(async function () {
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-families-'));
    options = {
      network: { network: 'efficientnet_lite0', variant: FRIENDLY, widthMultiplier: 0.1 },
      zeroVariance: 'mean',
      dataset: memoryDataset({ classes: 4, images: 12 }),
      recipe: { ...FINETUNE_RMSPROP, batchSize: 12, budget: { epochs: 1 }, resolution: 32 },
      seed: 0,
      out: join(folder, 'out'),
      eager: true, // The compiled step of each family: test/slow/networks.slow.ts.
    };
  });

  after(() => folder && rm(folder, { recursive: true, force: true }));

  /** Stores a network of random weights as a published one is stored. */
  async function published(config: NetworkConfig, preprocessing?: StoredPreprocessing) {
    const from = join(folder, `${config.network}-${'squeezeExcite' in config}`);
    const model = buildNetwork(config, { seed: 1 });
    await saveModelFolder(
      model,
      {
        architecture: architectureOf(config),
        dataset: 'synthetic',
        classNames: [],
        labelOffset: 0,
        origin: { source: 'a published one', route: 'a test', sha256: '0'.repeat(64) },
        ...(preprocessing && { preprocessing }),
      },
      from,
    );
    model.dispose();
    return from;
  }

  it('retrains a published EfficientNet-Lite as friendly, in the range that it was published for', async () => {
    const config = networkConfig('efficientnet_lite0', STANDARD, SIZES);
    const from = await published(config, LITE);
    const { card, start } = await trainJob(
      { ...options, from, out: join(folder, 'lite') },
      contextOf(),
    );
    assert.equal(start!.folded.length, 16);
    assert.deepEqual(card.architecture, {
      network: 'efficientnet_lite0',
      variant: 'friendly',
      ...SIZES,
    });
    const { range } = LITE;
    assert.deepEqual(card.preprocessing, {
      centralFraction: centralFractionOf('synthetic'),
      range,
    });
    assert.equal(
      card.origin.source,
      'EfficientNet-Lite0 friendly trained on synthetic from a published one',
    );
    const opened = await openFloatModel(join(folder, 'lite'), contextOf());
    assert.deepEqual(opened.facts.input.range, range);
    opened.dispose();
  });

  it('refuses a teacher of images in another range than the network to start from', async () => {
    const from = await published(networkConfig('mobilenet_v2', STANDARD, SIZES));
    const teacher = await published(networkConfig('efficientnet_lite0', STANDARD, SIZES), LITE);
    const network = { network: 'mobilenet_v2', variant: FRIENDLY, widthMultiplier: 0.1 } as const;
    await assert.rejects(trainJob({ ...options, network, from, teacher }, contextOf()), {
      name: 'UserError',
      message: `Expected a teacher of images in [-1, 1], as the network that it is to teach, but ${teacher} has images in [-0.9921875, 1]`,
      remedy: 'Pass a teacher that takes images as the model to start from does.',
    });
  });

  it('retrains a network of another program, and measures statistics for the batch norms that it folded', async () => {
    const config = networkConfig('mobilenet_v2', STANDARD, SIZES);
    const from = join(folder, 'another-program');
    const model = layersModelOf(foreignGraph(config));
    await model.save(`file://${from}`);
    model.dispose();
    const asked = { network: 'mobilenet_v2', variant: STANDARD, widthMultiplier: 0.1 } as const;
    const out = join(folder, 'of-another-program');
    const { card, start } = await trainJob({ ...options, network: asked, from, out }, contextOf());
    assert.deepEqual(start!.left, []);
    assert.equal(card.architecture.network, 'mobilenet_v2');
    const opened = await openFloatModel(out, contextOf());
    const [, , mean, variance] = opened.layersModel.getLayer('Conv/BatchNorm').getWeights();
    const ones = variance.dataSync<'float32'>().filter((value) => Math.abs(value - 1) < 0.01);
    assert.ok(ones.length < variance.size / 2 && mean.dataSync().some((value) => value !== 0));
    opened.dispose();
  });

  it('leaves squeeze-and-excite out of a published network, and does not find it again', async () => {
    const network = {
      network: 'mobilenet_v3_small',
      variant: FRIENDLY,
      widthMultiplier: 0.1,
    } as const;
    const from = await published(networkConfig('mobilenet_v3_small', STANDARD, SIZES));
    const out = join(folder, 'without');
    const { card, start } = await trainJob(
      { ...options, network: { ...network, squeezeExcite: false }, from, out },
      contextOf(),
    );
    assert.deepEqual(start!.left, []);
    assert.deepEqual(card.architecture, {
      network: 'mobilenet_v3_small',
      variant: 'friendly',
      squeezeExcite: false,
      ...SIZES,
    });
    await assert.rejects(trainJob({ ...options, network, from: out }, contextOf()), {
      name: 'UserError',
      message: `Expected squeeze-and-excite in the model to start from but ${out} was trained without it`,
      remedy: "Pass `squeezeExcite: 'off'`, or start from another model.",
    });
    const standard = { ...network, variant: STANDARD, squeezeExcite: false };
    await assert.rejects(trainJob({ ...options, network: standard, from: out }, contextOf()), {
      message: `Expected a model with batch norms after its depthwise convolutions, as variant standard has them, but ${out} has none`,
      remedy: 'Start from a model of variant standard, or pass another `variant`: friendly.',
    });
  });
});

describe('imagesIn', () => {
  const dataset = memoryDataset({ classes: 2, images: 3 });

  async function batchesOf({ batches }: LabelledDataset): Promise<LabelledBatch[]> {
    const found: LabelledBatch[] = [];
    const options = { split: 'train', batchSize: 2, resolution: 4 } as const;
    for await (const batch of batches.call(dataset, options)) found.push(batch);
    return found;
  }

  it('brings every image of every batch into the range', async () => {
    const range = { min: 0, max: 255 };
    const expected = await batchesOf(dataset);
    const received = await batchesOf(imagesIn(dataset, range));
    assert.equal(received.length, 2);
    received.forEach(({ images, ...rest }, n) => {
      const { images: symmetric, ...others } = expected[n];
      assert.deepEqual(rest, others);
      assert.deepEqual(
        images,
        symmetric.map((value) => ((value + 1) / 2) * 255),
      );
    });
  });

  it('is the data set itself for the range that it has', () => {
    assert.equal(imagesIn(dataset, { min: -1, max: 1 }), dataset);
  });
});
