import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { buildMobileNetV1 } from '../../../architectures/build_mobilenet_v1.ts';
import { buildNetwork } from '../../../architectures/network.ts';
import { FRIENDLY } from '../../../architectures/variants.ts';
import {
  loadModelFolder,
  type NewModelCard,
  saveModelFolder,
  verifyModelFolder,
} from '../../../checkpoints/store/model_store.ts';
import { UserError } from '../../../foundation/errors.ts';
import { randomizeBatchNorms, SMALL_INCEPTION } from '../../architectures/support.ts';
import { inFolder } from '../../support/in_folder.ts';
import { TINY } from '../support.ts';

const CARD: NewModelCard = {
  architecture: { network: 'mobilenet_v1', variant: 'friendly', ...TINY },
  dataset: 'pets',
  classNames: ['cat', 'dog', 'hamster', 'parrot'],
  labelOffset: 1,
  origin: { source: 'a test', route: 'made here', sha256: '0'.repeat(64) },
  training: { recipe: 'short', epochs: 2, learningRate: 0.01 },
};

/** Runs `use` with a small model and a folder in which it is saved. */
async function withSaved(
  use: (dir: string, model: tf.LayersModel, folder: string) => Promise<void>,
): Promise<void> {
  const model = buildMobileNetV1({ variant: FRIENDLY, ...TINY });
  try {
    await inFolder(async (folder) => {
      const dir = join(folder, 'model');
      await saveModelFolder(model, CARD, dir);
      await use(dir, model, folder);
    });
  } finally {
    model.dispose();
  }
}

async function shardIn(dir: string): Promise<string> {
  return join(dir, (await readdir(dir)).find((name) => name.endsWith('.bin'))!);
}

function setBias(model: tf.LayersModel, values: number[]): void {
  tf.tidy(() => {
    model.getLayer('Conv2d_1c_1x1').weights[1].write(tf.tensor1d(values));
  });
}

interface EditableModelJson {
  format?: string;
  modelTopology: Record<string, unknown>;
  weightsManifest: {
    paths: string[];
    weights: { name: string; shape: number[]; dtype: string; quantization?: object }[];
  }[];
  userDefinedMetadata?: Record<string, Record<string, unknown>>;
}

async function editJson(dir: string, edit: (json: EditableModelJson) => unknown): Promise<void> {
  const path = join(dir, 'model.json');
  const json = JSON.parse(await readFile(path, 'utf8'));
  const replaced = edit(json);
  await writeFile(path, JSON.stringify(typeof replaced === 'object' ? replaced : json));
}

async function refuses(path: string, what: RegExp): Promise<void> {
  await assert.rejects(loadModelFolder(path), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, what);
    assert.ok(error.remedy);
    return true;
  });
}

async function filesOf(dir: string): Promise<Record<string, Buffer>> {
  const names = (await readdir(dir)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name))])),
  );
}

describe('saveModelFolder and loadModelFolder', () => {
  it('bring back the same network, weights and card', () =>
    withSaved(async (dir, model) => {
      const { model: loaded, card, path } = await loadModelFolder(dir);
      try {
        assert.equal(path, join(dir, 'model.json'));
        const { weightsSha256, ...rest } = card!;
        assert.deepEqual(rest, CARD);
        assert.match(weightsSha256, /^[0-9a-f]{64}$/);
        assert.deepEqual(loaded.toJSON(null, false), model.toJSON(null, false));
        model.weights.forEach((variable, index) => {
          assert.deepEqual(loaded.weights[index].read().dataSync(), variable.read().dataSync());
        });
      } finally {
        loaded.dispose();
      }
    }));

  it('bring back an InceptionV3, which computes what it did', () => {
    const model = buildNetwork(SMALL_INCEPTION, { seed: 1 });
    randomizeBatchNorms(model);
    const images = tf.randomUniform([2, 75, 75, 3], -1, 1, 'float32', 7);
    const newCard: NewModelCard = { ...CARD, architecture: SMALL_INCEPTION };
    const predict = (network: tf.LayersModel) =>
      tf.tidy(() => [...(network.predict(images) as tf.Tensor).dataSync()]);
    return inFolder(async (folder) => {
      const card = await saveModelFolder(model, newCard, folder);
      const { model: loaded, card: read } = await loadModelFolder(folder);
      assert.deepEqual(read, card);
      assert.deepEqual(predict(loaded), predict(model));
      loaded.dispose();
    }).finally(() => {
      model.dispose();
      images.dispose();
    });
  });

  it('give the same bytes for the same model and card, also after loading', () =>
    withSaved(async (dir, model, folder) => {
      await saveModelFolder(model, CARD, join(folder, 'again'));
      assert.deepEqual(await filesOf(join(folder, 'again')), await filesOf(dir));
      const { model: loaded } = await loadModelFolder(dir);
      await saveModelFolder(loaded, CARD, join(folder, 'third'));
      loaded.dispose();
      assert.deepEqual(await filesOf(join(folder, 'third')), await filesOf(dir));
    }));

  it('load from the path of model.json, too', () =>
    withSaved(async (dir) => {
      const { model, card } = await loadModelFolder(join(dir, 'model.json'));
      model.dispose();
      assert.equal(card!.dataset, 'pets');
    }));

  it('leave no tensors behind', () =>
    withSaved(async (dir, model, folder) => {
      const before = tf.memory().numTensors;
      await saveModelFolder(model, CARD, join(folder, 'again'));
      assert.equal(tf.memory().numTensors, before);
      (await loadModelFolder(dir)).model.dispose();
      assert.equal(tf.memory().numTensors, before);
    }));

  it('write a model that tfjs loads by itself', () =>
    withSaved(async (dir, model) => {
      const json = JSON.parse(await readFile(join(dir, 'model.json'), 'utf8'));
      const weightData = new Uint8Array(await readFile(await shardIn(dir))).buffer;
      const artifacts = { ...json, weightSpecs: json.weightsManifest[0].weights, weightData };
      const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
      assert.deepEqual(loaded.outputs[0].shape, model.outputs[0].shape);
      loaded.dispose();
    }));

  it('keep the metadata that others gave the model', () =>
    withSaved(async (dir, model, folder) => {
      model.setUserDefinedMetadata({ author: 'somebody' });
      const copy = join(folder, 'copy');
      await saveModelFolder(model, CARD, copy);
      const { model: loaded } = await loadModelFolder(copy);
      assert.deepEqual(loaded.getUserDefinedMetadata(), { author: 'somebody' });
      await saveModelFolder(loaded, CARD, dir);
      loaded.dispose();
      assert.deepEqual(await filesOf(dir), await filesOf(copy));
    }));
});

describe('saveModelFolder', () => {
  it('replaces a model and its weights, and touches nothing else in the folder', () =>
    withSaved(async (dir, model) => {
      await writeFile(join(dir, 'notes.txt'), 'mine');
      const old = await shardIn(dir);
      setBias(model, [1, 1, 1, 1, 1]);
      const card = await saveModelFolder(model, CARD, dir);
      const shard = `weights-${card.weightsSha256.slice(0, 16)}.bin`;
      assert.notEqual(join(dir, shard), old);
      assert.deepEqual((await readdir(dir)).sort(), ['model.json', 'notes.txt', shard]);
      const { model: loaded } = await loadModelFolder(dir);
      loaded.dispose();
    }));

  it('leaves the old model whole where it fails on the way', () =>
    withSaved(async (dir, model) => {
      const before = await filesOf(dir);
      setBias(model, [0, Number.NaN, 0, 0, 0]);
      await assert.rejects(saveModelFolder(model, CARD, dir), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /but element 1 of Conv2d_1c_1x1\/bias is NaN/);
        return true;
      });
      assert.deepEqual(await filesOf(dir), before);
    }));

  it('keeps the shards of a model that it did not write when it replaces it', () =>
    withSaved(async (dir, model) => {
      await copyFile(await shardIn(dir), join(dir, 'group1-shard1of1.bin'));
      await editJson(dir, (json) => {
        json.weightsManifest[0].paths = ['group1-shard1of1.bin'];
      });
      await saveModelFolder(model, CARD, dir);
      assert.ok((await readdir(dir)).includes('group1-shard1of1.bin'));
    }));

  it('writes over a model.json that is damaged', () =>
    withSaved(async (dir, model) => {
      await writeFile(join(dir, 'model.json'), '{"format": ');
      await saveModelFolder(model, CARD, dir);
      assert.ok(await verifyModelFolder(dir));
    }));

  it('refuses a folder that is a file', () =>
    withSaved(async (_, model, folder) => {
      const file = join(folder, 'file');
      await writeFile(file, '');
      await assert.rejects(saveModelFolder(model, CARD, file), {
        name: 'UserError',
        message: `Expected a folder at ${file} but a file is in its place.`,
      });
    }));

  it('refuses a card that is not that of the model', () =>
    withSaved(async (dir, model) => {
      const classNames = ['cat', 'dog'];
      await assert.rejects(
        saveModelFolder(model, { ...CARD, classNames }, dir),
        /^InvalidValueError: Expected a card of MobilenetV1_0\.02_32_5_friendly but: .*one name for each class/,
      );
      const architecture = { ...CARD.architecture, resolution: 64 };
      await assert.rejects(
        saveModelFolder(model, { ...CARD, architecture }, dir),
        /^InvalidValueError: Expected a network from \[N,64,64,3\] to \[N,5\], as the card says, but .* from \[N,32,32,3\] to \[N,5\]/,
      );
    }));
});

describe('loadModelFolder', () => {
  it('loads a LayersModel of others without a card, from several shards', () =>
    withSaved(async (dir, model) => {
      const shard = await shardIn(dir);
      const weights = await readFile(shard);
      await mkdir(join(dir, 'parts'));
      await writeFile(join(dir, 'parts', '1.bin'), weights.subarray(0, 1001));
      await writeFile(join(dir, 'parts', '2.bin'), weights.subarray(1001));
      await editJson(dir, (json) => {
        delete json.userDefinedMetadata;
        delete json.format;
        json.weightsManifest[0].paths = ['parts/1.bin', './parts/2.bin'];
      });
      const { model: loaded, card } = await loadModelFolder(dir);
      assert.equal(card, undefined);
      assert.deepEqual(loaded.weights[0].read().dataSync(), model.weights[0].read().dataSync());
      loaded.dispose();
    }));

  it('loads weights that tfjs has quantized for storage', () =>
    withSaved(async (dir) => {
      await editJson(dir, (json) => {
        delete json.userDefinedMetadata;
        json.weightsManifest = json.weightsManifest[0].weights.map((spec, index) => ({
          paths: [`${index}.bin`],
          weights: [{ ...spec, quantization: { dtype: 'uint8', scale: 0.5, min: -1 } }],
        }));
      });
      const json = JSON.parse(await readFile(join(dir, 'model.json'), 'utf8'));
      for (const [index, { weights }] of json.weightsManifest.entries()) {
        const size = weights[0].shape.reduce((product: number, n: number) => product * n, 1);
        await writeFile(join(dir, `${index}.bin`), new Uint8Array(size).fill(4));
      }
      const { model } = await loadModelFolder(dir);
      assert.ok(
        model.weights.every((w) =>
          w
            .read()
            .dataSync()
            .every((value) => value === 1),
        ),
      );
      model.dispose();
    }));

  it('says what it expected where there is no model', () =>
    inFolder(async (folder) => {
      await refuses(
        join(folder, 'none'),
        /model folder or a model\.json at .*none but .*none is not/,
      );
      await refuses(folder, /model\.json is not a file/);
      await writeFile(join(folder, 'file'), '');
      await refuses(join(folder, 'file', 'model'), /is not a file/);
    }));

  it('refuses a model.json that is damaged or something else', () =>
    withSaved(async (dir) => {
      const path = join(dir, 'model.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.slice(0, -100));
      await refuses(dir, /Expected JSON in .*model\.json but: /);
      for (const other of ['null', '[]', '{}', '{"modelTopology":{},"weightsManifest":[{}]}']) {
        await writeFile(path, other);
        await refuses(dir, /Expected a tfjs LayersModel in .*model\.json but: /);
      }
    }));

  it('refuses a network that tfjs cannot build', () =>
    withSaved(async (dir) => {
      await editJson(dir, (json) => {
        json.modelTopology = { class_name: 'Model', config: { name: 'x', layers: [] } };
      });
      await refuses(dir, /Expected a network that tfjs can build from .*model\.json but: /);
    }));

  it('refuses weights that the network does not have', () =>
    withSaved(async (dir) => {
      await editJson(dir, (json) => {
        json.weightsManifest[0].weights[0].name = 'Conv2d_77/kernel';
      });
      await refuses(dir, /Expected a network that tfjs can build .*Conv2d_77\/kernel/);
    }));

  it('refuses layers that wait for one that never comes, before tfjs does', () =>
    withSaved(async (dir) => {
      await editJson(dir, (json) => {
        const { layers } = (
          json.modelTopology as { config: { layers: { inbound_nodes: unknown }[] } }
        ).config;
        layers.at(-1)!.inbound_nodes = [[['gone', 0, 0, {}]]];
      });
      await refuses(dir, /takes its input from "gone": there is no such layer/);
    }));

  it('refuses a shard that is listed twice, and shapes of more elements than are read', () =>
    withSaved(async (dir) => {
      await editJson(dir, (json) => {
        delete json.userDefinedMetadata;
        const { paths } = json.weightsManifest[0];
        paths.push(`./${paths[0]}`);
      });
      await refuses(
        dir,
        /Expected the shard \.\/weights-\w+\.bin once in .* but it is listed twice/,
      );
      await editJson(dir, (json) => {
        const { paths, weights } = json.weightsManifest[0];
        paths.pop();
        for (const spec of weights) spec.shape = [2 ** 26];
      });
      await refuses(
        dir,
        /Expected at most 67108864 elements in the weights of .* but received \d{10}/,
      );
    }));

  it('names a shard that is missing', () =>
    withSaved(async (dir) => {
      await editJson(dir, (json) => {
        json.weightsManifest[0].paths = ['gone.bin'];
      });
      await refuses(dir, /Expected the weights .*gone\.bin but there is no such file/);
    }));

  it('names a shard that is cut off', () =>
    withSaved(async (dir) => {
      const shard = await shardIn(dir);
      const { length } = await readFile(shard);
      await truncate(shard, length - 4);
      await refuses(
        dir,
        new RegExp(`Expected ${length} bytes of weights in weights-.* but received ${length - 4}$`),
      );
    }));

  it('names the weights that differ in one bit from those that were saved', () =>
    withSaved(async (dir) => {
      const shard = await shardIn(dir);
      const bytes = await readFile(shard);
      bytes[1000] ^= 1;
      await writeFile(shard, bytes);
      await refuses(dir, /Expected SHA-256 [0-9a-f]{64} for the weights of .*model\.json but/);
      await assert.rejects(verifyModelFolder(dir), UserError);
    }));

  for (const path of [
    '../weights.bin',
    'a/../../weights.bin',
    '/etc/hostname',
    'C:\\weights.bin',
    '..\\weights.bin',
    'file:///etc/hostname',
    'https://example.com/weights.bin',
    '',
    'a\0b',
  ]) {
    it(`refuses the shard path ${JSON.stringify(path)}`, () =>
      withSaved(async (dir) => {
        await editJson(dir, (json) => {
          json.weightsManifest[0].paths = [path];
        });
        await refuses(dir, /expected a path inside the model folder/);
      }));
  }

  it('names a weight that is not finite', () =>
    withSaved(async (dir) => {
      const shard = await shardIn(dir);
      const bytes = await readFile(shard);
      bytes.writeFloatLE(Number.NaN, 8);
      await writeFile(shard, bytes);
      await editJson(dir, (json) => {
        delete json.userDefinedMetadata;
      });
      const before = tf.memory().numTensors;
      await refuses(dir, /Expected finite weights in .* but element 2 of Conv2d_0\/kernel is NaN/);
      assert.equal(tf.memory().numTensors, before);
    }));

  it('refuses a card that is damaged or that of another network', () =>
    withSaved(async (dir) => {
      await editJson(dir, (json) => {
        (json.userDefinedMetadata!.tf8.architecture as Record<string, unknown>).classes = 4;
        json.userDefinedMetadata!.tf8.classNames = [];
      });
      await refuses(dir, /Expected a network from \[N,32,32,3\] to \[N,4\], as the card says/);
      await editJson(dir, (json) => {
        json.userDefinedMetadata!.tf8.labelOffset = -1;
      });
      await refuses(dir, /Expected a model card in .*model\.json but: labelOffset: [^\n✖→]*$/);
    }));
});
