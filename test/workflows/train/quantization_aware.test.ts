import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { evaluate } from '../../../workflows/evaluate/evaluate.ts';
import { exportModel } from '../../../workflows/export/export.ts';
import { openFloatModel, openModel } from '../../../workflows/open/open_model.ts';
import { trainQuantizationAware } from '../../../workflows/train/quantization_aware.ts';
import type {
  QuantizationAwareOptions,
  QuantizationAwareResult,
} from '../../../workflows/train/quantization_aware_options.ts';
import { writeTree } from '../../datasets/support.ts';
import { networkOf } from '../../quantize/convert/support.ts';
import { contextOf, picture } from '../../scripts/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { TINY } from '../../training/quantized/support.ts';

const IMAGES = 14;

describe('quantization-aware training of a network and a folder of images without classes', () => {
  let folder: string;
  let options: QuantizationAwareOptions;
  let result: QuantizationAwareResult;
  const at = (name: string) => join(folder, name);

  before(async function () {
    await needsTensorFlow.call(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-quantization-aware-'));
    for (let n = 0; n < IMAGES; n++) {
      await writeTree(at('photographs'), { [`${n}.png`]: await picture(n) });
    }
    const model = networkOf([32, 32, 3], TINY);
    await model.save(`file://${at('float')}`);
    model.dispose();
    options = {
      model: at('float'),
      data: at('photographs'),
      quantizationRecipe: 'as-published',
      validationImages: 4,
      epochs: 2,
      batchSize: 5,
      learningRate: 0.001,
      seed: 0,
      out: at('whole'),
      resume: false,
      checkpointSteps: 2,
    };
    result = await trainQuantizationAware(options, contextOf());
  });

  after(() => folder && rm(folder, { recursive: true, force: true }));

  const bytesOf = (dir: string) => readFile(join(dir, 'model.tf8'));

  it('ends in a TF8 file that says how it was made', async () => {
    const { training, labels, quantization, tf8 } = result;
    assert.equal(tf8, at('whole/model.tf8'));
    assert.deepEqual([training.steps, training.interrupted, labels], [4, false, 'float network']);
    assert.deepEqual([quantization.ranges, quantization.inexactLayers], ['learned', []]);
    assert.deepEqual([quantization.batchNorms, quantization.reEstimatedLayers], ['frozen', []]);
    assert.equal(quantization.calibrationImages, IMAGES - 4);
    const { provenance } = await decodeTf8(await bytesOf(at('whole')), 'model.tf8');
    assert.equal(provenance.recipe?.name, 'as-published, then trained quantization-aware');
    assert.ok(training.best);
    assert.ok((await bytesOf(at('whole/best'))).length > 0);
  });

  it('leaves a folder that is a MODEL: it is exported and evaluated without calibration', async () => {
    const opened = await openModel(at('whole'), contextOf());
    assert.equal(opened.kind, 'tf8');
    const out = at('exported.tflite');
    const { layers } = await exportModel(
      { model: at('whole'), format: 'tflite', out, seed: 0 },
      contextOf(),
    );
    assert.equal(layers, 4);
    await assert.rejects(openFloatModel(at('whole'), contextOf()), {
      message: `Expected a float model but ${at('whole')} is a TF8 file`,
    });
    await assert.rejects(
      evaluate(
        { model: at('whole'), data: at('photographs'), precision: 'tf8', seed: 0, tier: 'auto' },
        contextOf(),
      ),
      { message: /classes/ },
    );
  });

  it('ends with the same bytes where it was resumed', async () => {
    const out = at('resumed');
    const abort = new AbortController();
    const context = contextOf();
    const reporter = {
      ...context.reporter,
      start: (label: string) => ({
        update(done: number) {
          if (label.startsWith('training') && done >= 2) abort.abort();
        },
        end() {},
      }),
    };
    const first = await trainQuantizationAware(
      { ...options, out },
      { ...context, reporter, signal: abort.signal },
    );
    assert.ok(first.training.interrupted);
    await trainQuantizationAware({ ...options, out, resume: true }, contextOf());
    assert.deepEqual(await bytesOf(out), await bytesOf(at('whole')));
  });

  it('follows statistics of batch norms and ends in probabilities where it is asked to, and refuses to go on without', async () => {
    const out = at('probabilities');
    const asked = {
      ...options,
      out,
      epochs: 1,
      batchNorms: 're-estimated',
      softmax: true,
    } as const;
    const { quantization, tf8 } = await trainQuantizationAware(asked, contextOf());
    assert.equal(quantization.batchNorms, 're-estimated');
    assert.equal(quantization.reEstimatedLayers.length, 2);
    const { nodes } = await decodeTf8(await readFile(tf8), tf8);
    assert.equal(nodes.at(-1)!.op, 'softmax');
    const frozen = { ...asked, batchNorms: 'frozen', resume: true } as const;
    await assert.rejects(trainQuantizationAware(frozen, contextOf()), {
      message: `Expected the options that the training in ${out} was begun with but \`batchNorms\` was re-estimated and is frozen`,
    });
  });

  it('refuses other options of a resumed run before it opens the model', async () => {
    const asked = { ...options, model: at('nowhere'), resume: true, ranges: 'observed' } as const;
    await assert.rejects(trainQuantizationAware(asked, contextOf()), {
      message: `Expected the options that the training in ${at('whole')} was begun with but \`ranges\` was learned and is observed`,
    });
  });

  it('says what is kept where it is stopped before its first step, and leaves no folder', async () => {
    const reporter = recordingReporter();
    const stopped = { ...contextOf(reporter), signal: AbortSignal.abort() };
    const out = at('stopped');
    await assert.rejects(trainQuantizationAware({ ...options, out }, stopped));
    assert.match(reporter.messages.join('\n'), /^Stopped before the first step: nothing is kept/m);
    assert.equal(existsSync(out), false);
  });

  it('refuses recipes whose ranges are not those of whole tensors, and a folder that holds a training', async () => {
    await assert.rejects(
      trainQuantizationAware(
        { ...options, out: at('channels'), quantizationRecipe: 'per-channel' },
        contextOf(),
      ),
      {
        message:
          /^Expected a recipe of quantization with one range .* but per-channel has one a channel$/,
      },
    );
    await assert.rejects(trainQuantizationAware(options, contextOf()), {
      message: `Expected a folder without a training but ${at('whole')} holds the checkpoints of one`,
    });
  });
});
