import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PUBLIC_CHECKPOINT_NAMES } from '../../../checkpoints/public/public_checkpoints.ts';
import { encodeTf8 } from '../../../quantize/model/tf8_file.ts';
import { openFloatModel, openModel } from '../../../workflows/open/open_model.ts';
import { quantizeModel } from '../../../workflows/quantize/quantize.ts';
import { contextOf, saveTinyModel } from '../../scripts/support.ts';
import { memoryDataset } from '../../support/memory_dataset.ts';

const REMEDY = `Pass a TF8 file, a tfjs model.json or its folder, a SavedModel folder, a frozen graph (.pb), a TensorFlow Lite file (.tflite), a Keras file (.keras, .h5), an ONNX model (.onnx), a TensorFlow checkpoint (its .index, its prefix, or a V1 file), a zip of one of these, or one of these names: ${PUBLIC_CHECKPOINT_NAMES}.`;

describe('openModel', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-open-'));
    await saveTinyModel(at('model'), 1001);
    const opened = await openFloatModel(at('model'), contextOf());
    const dataset = memoryDataset({ classes: 10, images: 4 });
    const source = { dataset, images: 4, seed: 0, skip: 0 };
    const { model } = await quantizeModel(opened, 'keep', source, contextOf());
    opened.dispose();
    await writeFile(at('model.tf8'), await encodeTf8(model));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const path of ['model', 'model/model.json']) {
    it(`opens ${path} as a float model with its card`, async () => {
      const opened = await openModel(at(path), contextOf());
      assert.ok(opened.kind === 'float');
      assert.equal(opened.name, at(path));
      assert.equal(opened.facts.labels.labelOffset, 1);
      assert.deepEqual(opened.layersModel.outputs[0].shape, [null, 1001]);
      opened.dispose();
    });
  }

  it('opens a TF8 file by its content, whatever its name', async () => {
    const opened = await openModel(at('model.tf8'), contextOf());
    assert.ok(opened.kind === 'tf8');
    assert.equal(opened.model.labelOffset, 1);
    assert.equal(opened.model.provenance.calibrationImages, 4);
  });

  it('refuses a name that is neither a path nor a public checkpoint', async () => {
    await assert.rejects(openModel('mobilenet_v9', contextOf()), {
      name: 'UserError',
      message:
        'Expected a model but received "mobilenet_v9": there is no such file, folder or public checkpoint',
      remedy: REMEDY,
    });
  });

  it('refuses a folder without a model', async () => {
    await mkdir(at('empty'));
    await assert.rejects(openModel(at('empty'), contextOf()), {
      name: 'UserError',
      message: `Expected a model but received "${at('empty')}": the folder holds no model`,
      remedy: REMEDY,
    });
  });

  it('calls the start of a TF8 file damaged, not another kind of file', async () => {
    await writeFile(at('cut.tf8'), (await readFile(at('model.tf8'))).subarray(0, 20));
    await assert.rejects(openModel(at('cut.tf8'), contextOf()), {
      name: 'QuantizationError',
      message: `${at('cut.tf8')} is not a sound TF8 file: it has 20 bytes, its start alone takes 40`,
    });
  });

  it('refuses another kind of file', async () => {
    await writeFile(at('notes.txt'), 'no model');
    await assert.rejects(openModel(at('notes.txt'), contextOf()), {
      name: 'UserError',
      message: `Expected a model but received "${at('notes.txt')}": it is another kind of file`,
      remedy: REMEDY,
    });
  });

  it('work on the float network refuses a TF8 file', async () => {
    await assert.rejects(openFloatModel(at('model.tf8'), contextOf()), {
      name: 'UserError',
      message: `Expected a float model but ${at('model.tf8')} is a TF8 file`,
      remedy: 'Pass the model that it was quantized from.',
    });
  });
});
