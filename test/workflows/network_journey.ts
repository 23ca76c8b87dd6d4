import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { costOfNetwork } from '../../architectures/layer_costs.ts';
import { logitsModel } from '../../architectures/logits_model.ts';
import { buildNetwork, networkConfig } from '../../architectures/network.ts';
import { hasVariants, type NetworkName, networkTitle } from '../../architectures/registry.ts';
import { STANDARD, type Variant } from '../../architectures/variants.ts';
import { architectureOf, configOf } from '../../checkpoints/store/model_card.ts';
import { loadModelFolder, saveModelFolder } from '../../checkpoints/store/model_store.ts';
import type { LabelledBatch } from '../../datasets/dataset.ts';
import { calibrate } from '../../quantize/convert/calibrate.ts';
import { convertGraph } from '../../quantize/convert/convert_graph.ts';
import { fuseLayersModel } from '../../quantize/convert/fuse.ts';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import { planOn } from '../../quantize/execute/plan_on.ts';
import { examineTiers } from '../../quantize/kernels/select.ts';
import { tensorNames } from '../../quantize/model/tf8_model.ts';
import { FINETUNE } from '../../training/recipes/recipes.ts';
import { CompiledStep } from '../../training/step/compiled_step.ts';
import { randomizeBatchNorms } from '../architectures/support.ts';
import { assertFusedEquals, someImages } from '../quantize/convert/support.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';

const RESOLUTION = 32;
const CLASSES = 5;
const SHAPE = [RESOLUTION, RESOLUTION, 3] as const;
const IMAGES = 4;
const RECIPE = { ...FINETUNE, dropout: 0, batchNormDecay: 0.9, resolution: RESOLUTION };

function batch(): LabelledBatch {
  const images = someImages(IMAGES, SHAPE);
  const labels = Int32Array.from({ length: IMAGES }, (_, n) => n % CLASSES);
  return {
    images,
    shape: [IMAGES, ...SHAPE],
    labels,
    names: Array.from(labels, String),
    position: IMAGES,
  };
}

/**
 * Builds, trains, stores and converts a narrow network, and runs it on every tier.
 * @param variant of a network that has a choice of them
 */
export function describeJourney(
  network: NetworkName,
  widthMultiplier: number,
  variant: Variant = STANDARD,
  squeezeExcite = true,
): void {
  const core = hasVariants(network) ? variant.name : undefined;
  const title = networkTitle(network, core, squeezeExcite);
  describe(`${title} as a whole`, () => {
    const sizes = { widthMultiplier, resolution: RESOLUTION, classes: CLASSES };
    const config = networkConfig(network, variant, sizes, squeezeExcite);
    let model: tf.LayersModel;

    before(async function () {
      await needsTensorFlow.call(this);
      model = buildNetwork(config, { seed: 1, logitsStddev: RECIPE.logitsStddev });
    });
    after(() => model?.dispose());

    it('is built with the parameters of its rows', () => {
      assert.equal(model.countParams(), costOfNetwork(config).storedParameters);
    });

    it('trains by the compiled step, which reaches every kernel', () => {
      const step = new CompiledStep(model, RECIPE, variant);
      const before = step.readState();
      const { loss } = step.run(batch(), { learningRate: 0.001, step: 0, seed: 0 });
      assert.ok(Number.isFinite(loss), `loss ${loss}`);
      for (const [name, { values }] of step.readState()) {
        if (!name.endsWith('kernel')) continue;
        assert.ok(values.every(Number.isFinite), name);
        assert.ok(
          values.some((value, i) => value !== before.get(name)!.values[i]),
          name,
        );
      }
      step.updateModel();
      step.dispose();
    });

    it('is stored with its card and found again', () =>
      inFolder(async (dir) => {
        const origin = { source: 'a test', route: 'none', sha256: '0'.repeat(64) };
        await saveModelFolder(
          model,
          {
            architecture: architectureOf(config),
            dataset: 'pets',
            classNames: [],
            labelOffset: 0,
            origin,
          },
          dir,
        );
        const { model: stored, card } = await loadModelFolder(dir);
        assert.deepEqual(card?.architecture, architectureOf(config));
        assert.deepEqual(configOf(card!.architecture), config);
        tf.tidy(() => {
          const images = tf.tensor4d(someImages(1, SHAPE), [1, ...SHAPE]);
          const [expected, received] = [model, stored].map((each) =>
            (each.predict(images) as tf.Tensor).dataSync(),
          );
          assert.deepEqual(received, expected);
        });
        stored.dispose();
      }));

    it('is converted, and every tier gives the same bytes', async () => {
      randomizeBatchNorms(model);
      assertFusedEquals(model, logitsModel(model));
      const graph = fuseLayersModel(model, { zeroVariance: 'keep' });
      const images = someImages(IMAGES, SHAPE);
      const batches = async function* () {
        yield { images, shape: [IMAGES, ...SHAPE] as const };
      };
      const tf8 = convertGraph(graph, await calibrate(graph, batches()), {
        inputRange: { min: -1, max: 1 },
        labelOffset: 0,
        classNames: [],
        provenance: {
          floatModel: model.name,
          floatWeightsSha256: '',
          calibrationImages: IMAGES,
          calibrationData: 'noise',
          zeroVariance: 'keep',
        },
      });
      const image = images.subarray(0, RESOLUTION * RESOLUTION * 3);
      const outputs = tensorNames(tf8);
      using reference = planOn(tf8, { tier: 'reference', outputs });
      const expected = reference.run(image);
      for (const report of examineTiers()) {
        if (report.state !== 'passed') continue;
        using plan = new Tf8Plan(tf8, { kernels: report.kernels, outputs });
        for (const [name, bytes] of plan.run(image)) {
          assert.deepEqual(bytes, expected.get(name), `${report.name}, ${name}`);
        }
      }
    });
  });
}
