import assert from 'node:assert/strict';
import { join } from 'node:path';
import { loadFloatModel } from '../../checkpoints/float_model.ts';
import { inFolder } from '../support/in_folder.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { givesKerasNumbers, unpack } from './keras_networks.ts';

/** What was made by test/checkpoints/fixtures/make_keras_networks.py. */
const FILES: readonly { title: string; name: string; form: string }[] = [
  { title: 'ReLUs with every parameter', name: 'keras_2/slopes', form: 'layers' },
  { title: 'a functional model in a sequential one', name: 'keras_2/nested', form: 'layers' },
  { title: 'a pool that keeps its sides', name: 'keras_2/keepdims', form: 'layers' },
  { title: 'scaling, augmentation and an inner model', name: 'keras_3/transfer', form: 'layers' },
  { title: 'arithmetic in code', name: 'keras_3/code', form: 'layers' },
  { title: 'a Normalization by its weights', name: 'keras_3/adapted', form: 'layers' },
  { title: 'grey images of two sides', name: 'keras_3/gray', form: 'layers' },
  { title: 'a SavedModel', name: 'keras_3/gray', form: 'saved' },
  { title: "Teachable Machine's chains", name: 'keras_2/teachable', form: 'model.h5' },
  { title: 'models in models, HDF5', name: 'keras_3/deep', form: 'model.h5' },
  { title: 'models in models', name: 'keras_3/deep', form: 'model.keras' },
  { title: 'upsampling between values, Keras 2', name: 'keras_2/upsampled', form: 'model.h5' },
  { title: 'upsampling between values', name: 'keras_3/upsampled', form: 'model.keras' },
  { title: 'a Normalization by numbers', name: 'keras_3/normalization', form: 'model.keras' },
];

describe("Keras' own files", () => {
  before(needsTensorFlow);

  for (const { title, name, form } of FILES) {
    it(`of ${title} (${name}) give what Keras gives`, () =>
      inFolder(async (folder) => {
        await unpack(name, folder);
        await givesKerasNumbers(folder, form);
      }));
  }

  it('say which images they take', () =>
    inFolder(async (folder) => {
      await unpack('keras_3/gray', folder);
      for (const form of ['layers', 'saved']) {
        const { network, input, notes } = (await loadFloatModel(join(folder, form)))!;
        network.dispose();
        const range = { min: 0, max: 1 };
        assert.deepEqual(input, { height: 20, width: 12, channels: 1, range });
        assert.match(notes.join(), /scales pixels of \[0, 255\] to \[0, 1\] itself/);
      }
    }));
});
