import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { FRIENDLY } from '../../architectures/variants.ts';
import { openDataset } from '../../datasets/open_dataset.ts';
import { UserError } from '../../foundation/errors.ts';
import { cacheDir } from '../../foundation/files/cache_dir.ts';
import {
  MICRO,
  pythonEnvironment,
  QONNX,
  RUNTIMES,
} from '../../foundation/python/python_environment.ts';
import { PER_CHANNEL, type Recipe } from '../../quantize/convert/recipe.ts';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import type { FormatName } from '../../quantize/export/format_names.ts';
import { exportFormat } from '../../quantize/export/formats.ts';
import { REFERENCE_KERNELS } from '../../quantize/kernels/reference.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { type Tf8Model, type Tf8Node, tensorSpecs } from '../../quantize/model/tf8_model.ts';
import { PROBABILITIES, softmaxPowers } from '../../quantize/params/softmax.ts';
import { exportModel } from '../../workflows/export/export.ts';
import { quantize } from '../../workflows/quantize/quantize.ts';
import { rearchitect } from '../../workflows/rearchitect/rearchitect.ts';
import { EXACT_PRODUCTS } from '../../workflows/verify/explain_difference.ts';
import { openRuntime } from '../../workflows/verify/open_runtime.ts';
import { verify } from '../../workflows/verify/verify.ts';
import { randomBytes } from '../quantize/kernels/make_call.ts';
import {
  randomModels,
  withChannelScales,
  withoutSums,
  withSymmetricWeights,
} from '../quantize/model/random_models.ts';
import { contextOf } from '../scripts/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { publishedModel } from '../support/published_model.ts';
import { sharedFolder, skip } from '../support/skip.ts';

const RANDOM_MODELS = 30;
/** Of them. */
const IN_ONNX = 8;
const IMAGES = 5;
const PHOTOGRAPHS = 50;
/** QONNX executes a MobileNet node by node: seconds an image. */
const IN_QONNX = 5;
/** The reference kernels of TensorFlow Lite Micro have no vectors. */
const IN_MICRO = 10;

const MICRO_RUN = { runtime: 'tflite-micro', profile: 'double-rounding', tier: 'auto' } as const;

/** One scale for the weights of a layer, their zero point 0 as int8. */
const PER_TENSOR: Recipe = {
  ...PER_CHANNEL,
  name: 'symmetric',
  weights: { ...PER_CHANNEL.weights, granularity: 'tensor' },
};

describe('an export to int8 in its real runtime', function () {
  this.timeout(60 * 60_000);
  const context = { ...contextOf(), cacheDir: cacheDir() };

  before(async function () {
    try {
      for (const packages of [RUNTIMES, MICRO, QONNX]) await pythonEnvironment(packages, context);
    } catch (error) {
      if (error instanceof UserError) skip(this, error.message);
      throw error;
    }
  });

  const models = fc
    .sample(randomModels({ withEveryOp: true }), { seed: 8, numRuns: RANDOM_MODELS })
    .map((random, index) => (index % 2 === 0 ? withSymmetricWeights : withChannelScales)(random));

  /** Bytes of all layers of a model on random images that a runtime computes otherwise, and by how much at most. */
  async function differences(
    model: Tf8Model,
    format: FormatName,
    sessionConfig?: Readonly<Record<string, string>>,
  ) {
    return inFolder(async (folder) => {
      const path = join(folder, 'm.exported');
      const source = { model, tf8: await encodeTf8(model), fileName: basename(path) };
      const [{ bytes }] = exportFormat(format).encode(source);
      await writeFile(path, bytes);
      const file = { path, bytes, format, model };
      const runtime = await openRuntime(file, undefined, context, sessionConfig);
      const outputs = model.nodes.map(({ name }) => name);
      const plan = new Tf8Plan(model, { kernels: REFERENCE_KERNELS, outputs });
      const [height, width, channels] = model.input.shape;
      const found = { differing: 0, most: 0 };
      for (let seed = 0; seed < IMAGES; seed++) {
        const image = randomBytes(height * width * channels, seed);
        const theirs = await runtime.run(image);
        for (const [name, ours] of plan.run(image)) {
          ours.forEach((byte, i) => {
            const difference = Math.abs(byte - theirs.get(name)![i]);
            if (difference > 0) found.differing++;
            found.most = Math.max(found.most, difference);
          });
        }
      }
      await runtime.close();
      return found;
    });
  }

  it(`LiteRT: ${RANDOM_MODELS} random models of every operation give our bytes in every layer`, async () => {
    for (const [index, model] of models.entries()) {
      const found = await differences(withSoftmax(withExactMeans(model)), 'tflite-int8');
      assert.deepEqual(found, { differing: 0, most: 0 }, `model ${index}`);
    }
  });

  it(`ONNX Runtime: ${IN_ONNX} random models give our bytes where the session keeps int8`, async () => {
    for (const model of models.slice(0, IN_ONNX).map(withoutSums)) {
      assert.equal((await differences(model, 'onnx-int8', EXACT_PRODUCTS)).differing, 0);
    }
  });

  describe('of a real network', () => {
    let photographs: string;

    before(function () {
      photographs = sharedFolder(this, 'imagenet-samples/images');
    });

    for (const recipe of [PER_TENSOR, PER_CHANNEL]) {
      it(`the published MobileNet, weights ${recipe.name}: no byte differs in LiteRT`, async function () {
        const model = await publishedModel(this);
        await inFolder((folder) => isEqualInLiteRt(model, recipe, folder));
      });

      it(`rebuilt as a friendly one, weights ${recipe.name}: no byte differs in LiteRT`, async function () {
        const model = await publishedModel(this);
        await needsTensorFlow.call(this);
        await inFolder(async (folder) => {
          const friendly = join(folder, 'friendly');
          const dataset = await openDataset('imagenet', { ...context, dir: photographs });
          const rebuilding = { model, variant: FRIENDLY, dataset, images: 40, seed: 0 };
          await rearchitect({ ...rebuilding, out: friendly }, context);
          await isEqualInLiteRt(friendly, recipe, folder);
        });
      });

      it(`MobileNetV2, weights ${recipe.name}: no byte differs in LiteRT`, async function () {
        const model = sharedFolder(this, 'models/tf2_mobilenet_v2_1.0_224_ptq.tflite');
        await inFolder((folder) => isEqualInLiteRt(model, recipe, folder));
      });

      it(`EfficientNet-Lite0, weights ${recipe.name}: no byte differs in LiteRT`, () =>
        inFolder((folder) => isEqualInLiteRt('efficientnet_lite0', recipe, folder)));

      it(`TensorFlow Lite Micro, weights ${recipe.name}: by double-rounding no byte of the published MobileNet differs`, async function () {
        const model = await publishedModel(this);
        await inFolder(async (folder) => {
          const file = await exported(model, recipe, 'tflite-int8', folder);
          const result = await verify({ ...imagesOf(IN_MICRO), file, ...MICRO_RUN }, context);
          assert.equal(result.images, IN_MICRO);
          assert.equal(result.firstDifference, undefined);
          assert.equal(result.top1Agreement, 100);
        });
      });
    }

    it('TensorFlow Lite Micro adds otherwise: at most a byte in 10,000 of MobileNetV2 differs, from a sum on', async function () {
      const model = sharedFolder(this, 'models/tf2_mobilenet_v2_1.0_224_ptq.tflite');
      await inFolder(async (folder) => {
        const file = await exported(model, PER_CHANNEL, 'tflite-int8', folder);
        const run = { ...imagesOf(IN_MICRO), file, ...MICRO_RUN };
        const { layers, explanation, top1Agreement } = await verify(run, context);
        assert.ok(layers.some(({ name }) => /add/.test(name)));
        const differing = layers.reduce((sum, layer) => sum + layer.differing, 0);
        const elements = layers.reduce((sum, layer) => sum + layer.elements, 0);
        assert.ok(differing <= 1e-4 * elements, `${differing} of ${elements} bytes`);
        const first = layers.find((layer) => layer.differing > 0);
        if (first !== undefined) {
          assert.match(first.name, /add/);
          assert.equal(first.maxDifference, 1);
          assert.match(explanation!, /a byte of a sum may differ by one/);
        }
        assert.equal(top1Agreement, 100);
      });
    });

    it('ONNX Runtime multiplies int8 exactly where its session says so: at most 1 apart, the same classes', async function () {
      const model = await publishedModel(this);
      await inFolder(async (folder) => {
        const file = await exported(model, PER_CHANNEL, 'onnx-int8', folder);
        const options = { ...imagesOf(PHOTOGRAPHS), file, tier: 'auto' } as const;
        const { layers, top1Agreement } = await verify(
          { ...options, sessionConfig: EXACT_PRODUCTS },
          context,
        );
        assert.ok(layers.every(({ maxDifference }) => maxDifference <= 1));
        assert.equal(top1Agreement, 100);
      });
    });

    it('QONNX executes the published MobileNet: what differs is counted', async function () {
      const model = await publishedModel(this);
      await inFolder(async (folder) => {
        const file = await exported(model, PER_CHANNEL, 'qonnx', folder);
        const { layers, explanation, top1Agreement } = await verify(
          { ...imagesOf(IN_QONNX), file, tier: 'auto' },
          context,
        );
        // Some bytes of a layer lie near a tie; what is computed from them differs in a third of the bytes.
        const [first] = layers;
        assert.ok(first.maxDifference <= 1);
        assert.ok(first.differing < 1e-4 * first.elements);
        assert.ok(layers.at(-1)!.maxDifference <= 2);
        assert.ok(explanation === undefined || /single precision/.test(explanation));
        assert.equal(top1Agreement, 100);
      });
    });

    const imagesOf = (limit: number) => ({ data: photographs, limit, seed: 0 });

    async function exported(model: string, recipe: Recipe, format: string, folder: string) {
      const tf8 = join(folder, 'm.tf8');
      const source = { model, calibrationData: photographs, calibrationImages: 50, seed: 0 };
      await quantize({ ...source, recipe, out: tf8 }, context);
      const out = join(folder, 'm.exported');
      await exportModel({ model: tf8, format, out, seed: 0 }, context);
      return out;
    }

    async function isEqualInLiteRt(model: string, recipe: Recipe, folder: string) {
      const file = await exported(model, recipe, 'tflite-int8', folder);
      const result = await verify({ ...imagesOf(PHOTOGRAPHS), file, tier: 'auto' }, context);
      assert.equal(result.images, PHOTOGRAPHS);
      assert.equal(result.firstDifference, undefined);
      assert.equal(result.top1Agreement, 100);
    }
  });
});

/** Without padded means over an even number of positions, whose ties int8 pools send away from 0. */
function withExactMeans(model: Tf8Model): Tf8Model {
  const nodes = model.nodes.map((node): Tf8Node => {
    if (node.op !== 'averagePool2d') return node;
    const isPadded = Object.values(node.padding).some((side) => side > 0);
    return isPadded ? { ...node, op: 'maxPool2d' } : node;
  });
  return { ...model, nodes };
}

/** The model with probabilities at the end. */
function withSoftmax(model: Tf8Model): Tf8Model {
  const last = model.nodes.at(-1)!;
  const { shape, quantization } = tensorSpecs(model).get(last.name)!;
  const probabilities: Tf8Node = {
    op: 'softmax',
    name: 'shares',
    inputs: [last.name],
    powers: softmaxPowers(quantization.scale),
    output: { shape, quantization: PROBABILITIES },
  };
  return { ...model, nodes: [...model.nodes, probabilities] };
}
