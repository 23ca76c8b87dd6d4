import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rename, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModelFolder } from '../../checkpoints/store/model_store.ts';
import { Tf8Plan } from '../../quantize/execute/plan.ts';
import { readExport } from '../../quantize/export/formats.ts';
import { exportedOutputs } from '../../quantize/export/tensor_names.ts';
import { selectKernels } from '../../quantize/kernels/select.ts';
import { decodeTf8 } from '../../quantize/model/tf8_file.ts';
import { outputNode } from '../../quantize/model/tf8_model.ts';
import { analyze } from '../../workflows/analyze/analyze.ts';
import { classify } from '../../workflows/classify.ts';
import { type EvaluateOptions, evaluate } from '../../workflows/evaluate/evaluate.ts';
import { exportModel } from '../../workflows/export/export.ts';
import { quantize } from '../../workflows/quantize/quantize.ts';
import { trainModel } from '../../workflows/train/train_model.ts';
import type { openRuntime } from '../../workflows/verify/open_runtime.ts';
import { verify } from '../../workflows/verify/verify.ts';
import { writeTree } from '../datasets/support.ts';
import { contextOf, picture, saveTinyModel } from '../scripts/support.ts';
import { recordingReporter } from '../support/recording_reporter.ts';

/** In the order of their code points. */
const CLASSES = ['10', 'café, crème', '～odd & ends'];
const IMAGES = 6;

describe("images of one's own, from class folders to an export", () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const evaluation = (): EvaluateOptions => ({
    model: at('mine.tf8'),
    data: at('photographs'),
    precision: 'tf8',
    seed: 0,
    tier: 'auto',
  });

  before(async function () {
    this.timeout(300_000);
    folder = await mkdtemp(join(tmpdir(), 'tf8-own-data-'));
    for (const [label, name] of CLASSES.entries()) {
      for (let n = 0; n < IMAGES; n++) {
        const image = await picture(IMAGES * label + n);
        await writeTree(at('photographs'), { [`${name}/${n}.png`]: image });
        await writeTree(at('plain'), { [`${label}-${n}.png`]: image });
      }
    }
    await saveTinyModel(at('published'), 1001, 0.1);
    const reporter = recordingReporter();
    const { start } = await trainModel(
      {
        network: 'mobilenet_v1',
        widthMultiplier: 0.1,
        from: at('published'),
        data: at('photographs'),
        resolution: 32,
        epochs: 1,
        batchSize: 4,
        seed: 0,
        out: at('mine'),
        resume: false,
      },
      contextOf(reporter),
    );
    assert.deepEqual(start!.left, ['Conv2d_1c_1x1']);
    assert.ok(reporter.messages.some((text) => text.includes('Found the data set "folder"')));
    await quantize(
      {
        model: at('mine'),
        recipe: 'as-published',
        calibrationData: at('photographs'),
        out: at('mine.tf8'),
        seed: 0,
      },
      contextOf(),
    );
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('gives a network with a head of these classes, whose names its card has', async () => {
    const { model, card } = await loadModelFolder(at('mine'));
    assert.deepEqual(model.outputs[0].shape.at(-1), CLASSES.length);
    model.dispose();
    assert.deepEqual(card?.classNames, CLASSES);
    assert.deepEqual([card?.dataset, card?.labelOffset], ['folder', 0]);
  });

  it('carries the names into the TF8 file and the exports', async () => {
    const { classNames, provenance } = await decodeTf8(await readFile(at('mine.tf8')), 'mine.tf8');
    assert.deepEqual([classNames, provenance.dataset], [CLASSES, 'folder']);
    for (const [model, quantization] of [
      ['mine.tf8', {}],
      ['mine', { calibrationData: at('plain'), recipe: 'as-published' }],
    ] as const) {
      const out = at(`${model}.tflite`);
      await exportModel(
        { model: at(model), format: 'tflite', ...quantization, out, seed: 0 },
        contextOf(),
      );
      const bytes = await readFile(out);
      assert.deepEqual((await readExport(bytes, out)).model.classNames, CLASSES);
      assert.ok(bytes.includes(CLASSES.join('\n')), 'labels.txt');
    }
  });

  it('is evaluated on the test split of the folder, and calibrated on images without classes', async () => {
    const { dataset, images } = await evaluate(evaluation(), contextOf());
    assert.deepEqual([dataset, images], ['folder', CLASSES.length]);
    const calibrated = { calibrationData: at('plain'), recipe: 'as-published' };
    const float = { ...evaluation(), model: at('mine'), ...calibrated };
    const { calibration } = await evaluate(float, contextOf());
    assert.match(calibration!.data, /^images /);
  });

  it('refuses folders of other classes, and images without, by name', async () => {
    await cp(at('photographs'), at('others'), { recursive: true });
    await rename(at('others/10'), at('others/dog'));
    await assert.rejects(evaluate({ ...evaluation(), data: at('others') }, contextOf()), {
      name: 'UserError',
      message: `Expected the 3 classes of ${at('mine.tf8')} (10, café, crème, ～odd & ends) in ${at('others')} but found 3 (café, crème, dog, ～odd & ends).`,
    });
    await assert.rejects(evaluate({ ...evaluation(), data: at('plain') }, contextOf()), {
      name: 'UserError',
      message: /^Expected images with classes for `data`/,
    });
  });

  it('scores a folder that lacks a class by the names of the others', async () => {
    await cp(at('photographs'), at('fewer'), { recursive: true });
    await rm(at('fewer/10'), { recursive: true });
    await unlink(at('fewer/café, crème/0.png'));
    const reporter = recordingReporter();
    const { images } = await evaluate({ ...evaluation(), data: at('fewer') }, contextOf(reporter));
    assert.equal(images, 2);
    assert.ok(reporter.messages.some((text) => text.includes('has no images of 10')));
  });

  it('classifies with the names, calibrated on images without classes', async () => {
    const { float, tf8 } = await classify(
      {
        model: at('mine'),
        image: at('plain/0-0.png'),
        recipe: 'as-published',
        calibrationData: at('plain'),
        seed: 0,
        tier: 'auto',
      },
      contextOf(),
    );
    for (const list of [float!, tf8]) {
      assert.deepEqual(list.map(({ name }) => name).sort(), CLASSES);
      assert.ok(Math.abs(list.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-5);
    }
  });

  it('is analyzed and verified on images without classes, whatever the data set of the model is', async () => {
    for (const model of ['mine', 'published']) {
      const { images, dataset } = await analyze(
        {
          model: at(model),
          data: at('plain'),
          recipe: 'as-published',
          limit: 2,
          calibrationImages: 4,
          accuracy: false,
          runsDir: at('runs'),
          seed: 0,
          tier: 'auto',
        },
        contextOf(),
      );
      assert.deepEqual([images, dataset], [2, 'images']);
    }
    const file = at('verified.tflite');
    await exportModel({ model: at('mine.tf8'), format: 'tflite', out: file, seed: 0 }, contextOf());
    const options = { file, limit: 2, seed: 0, tier: 'auto' } as const;
    for (const [data, dataset] of [
      [at('plain'), 'images'],
      [at('photographs'), 'folder'],
    ]) {
      const verified = await verify({ ...options, data }, contextOf(), ourRuntime);
      assert.deepEqual([verified.dataset, verified.images], [dataset, 2]);
      assert.equal(verified.top1Agreement, 100);
    }
  });
});

/** Our executor in the place of another program's. */
const ourRuntime: typeof openRuntime = async ({ model }) => {
  const plan = new Tf8Plan(model, {
    kernels: selectKernels('reference').kernels,
    outputs: model.nodes.map(({ name }) => name),
  });
  return {
    name: 'ours',
    run: async (image) => {
      const outputs = plan.run(image);
      return new Map([
        ...outputs,
        [exportedOutputs(model)[0].name, outputs.get(outputNode(model).name)!],
      ]);
    },
    close: async () => plan[Symbol.dispose](),
  };
};
