import assert from 'node:assert/strict';
import { link, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { modelFiles } from '../../../workflows/outputs/model_files.ts';
import { requireOutputFiles } from '../../../workflows/outputs/output_files.ts';
import { requireModelFolder, requireOwnFolder } from '../../../workflows/outputs/output_folder.ts';
import { requireOutsideImages } from '../../../workflows/outputs/outside_data.ts';
import { WATCHED } from '../../../workflows/outputs/training_files.ts';
import { inFolder } from '../../support/in_folder.ts';

const NOBODYS = async () => false;
const OURS = async () => true;

describe('requireOutputFiles', () => {
  it('takes a path where nothing lies, and makes its folder', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'new', 'm.tf8');
      await requireOutputFiles([{ path, isOurs: NOBODYS }], { inputs: [] });
      await writeFile(path, 'x');
    }));

  it('takes a file that tf8 wrote, and any where it is to be overwritten', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'm.tf8');
      await writeFile(path, 'x');
      await requireOutputFiles([{ path, isOurs: OURS }], { inputs: [] });
      await requireOutputFiles([{ path, isOurs: NOBODYS }], { inputs: [], overwrite: true });
      await assert.rejects(requireOutputFiles([{ path, isOurs: NOBODYS }], { inputs: [] }), {
        name: 'UserError',
        message: `Expected no file at ${path}, or one that tf8 wrote, but another file lies there`,
        remedy: 'Pass another `out`, or `overwrite: true` to replace it.',
      });
      assert.equal(await readFile(path, 'utf8'), 'x');
    }));

  it('refuses an input under each of its names, also where it is to be overwritten', () =>
    inFolder(async (folder) => {
      const input = join(folder, 'model.json');
      const shard = join(folder, 'group1-shard1of1.bin');
      await writeFile(
        input,
        JSON.stringify({ weightsManifest: [{ paths: ['group1-shard1of1.bin'] }] }),
      );
      await writeFile(shard, 'weights');
      await symlink('model.json', join(folder, 'linked'));
      await link(input, join(folder, 'second-name'));
      for (const inputs of [[input], [folder]]) {
        for (const path of [
          input,
          shard,
          join(folder, 'linked'),
          join(folder, 'second-name'),
          join(folder, '.', 'x', '..', 'model.json'),
        ]) {
          await assert.rejects(
            requireOutputFiles([{ path, isOurs: OURS }], { inputs, overwrite: true }),
            /Expected another file to write than those that are read/,
            path,
          );
        }
      }
    }));

  it('refuses a file among the images that are read, also where it is to be overwritten', () =>
    inFolder(async (folder) => {
      const image = join(folder, 'cat', '0.jpg');
      await mkdir(join(folder, 'cat'));
      await writeFile(image, 'x');
      const rules = { inputs: [], data: [undefined, folder], overwrite: true };
      await assert.rejects(
        requireOutputFiles([{ path: image, isOurs: NOBODYS }], rules),
        /Expected another file to write than those that are read/,
      );
      const path = join(folder, 'new.tf8');
      await requireOutputFiles([{ path, isOurs: NOBODYS }], rules);
    }));

  it('refuses a name that ends as a folder does', () =>
    inFolder((folder) =>
      assert.rejects(
        requireOutputFiles([{ path: `${folder}/new/`, isOurs: OURS }], { inputs: [] }),
        /Expected a file for `out` but .*\/new\/ is a folder/,
      ),
    ));

  it('refuses a folder with the name of a file that could be meant', () =>
    inFolder((folder) =>
      assert.rejects(requireOutputFiles([{ path: folder, isOurs: OURS }], { inputs: [] }), {
        message: `Expected a file for \`out\` but ${folder} is a folder`,
        remedy: `Pass the name of a file, such as ${join(folder, 'model.tf8')}.`,
      }),
    ));
});

describe('modelFiles', () => {
  it('are a folder’s, a topology’s with its shards, a checkpoint’s by its prefix', () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, 'saved', 'variables'), { recursive: true });
      const files = ['saved/saved_model.pb', 'saved/variables/variables.index'];
      const checkpoint = ['m.ckpt.index', 'm.ckpt.data-00000-of-00001'];
      for (const name of [...files, ...checkpoint]) await writeFile(join(folder, name), 'x');
      const named = async (reference: string) =>
        (await modelFiles(join(folder, reference))).map((path) => path.slice(folder.length + 1));
      assert.deepEqual((await named('saved')).sort(), files);
      assert.deepEqual((await named('m.ckpt')).sort(), checkpoint.toSorted());
      assert.deepEqual(await named('mobilenet_v1_1.0_224'), []);
    }));
});

describe('requireModelFolder', () => {
  it('takes an empty folder and refuses a finished model', () =>
    inFolder(async (folder) => {
      await requireModelFolder(join(folder, 'new'), { inputs: [] });
      await writeFile(join(folder, 'model.json'), '{}');
      await assert.rejects(requireModelFolder(folder, { inputs: [] }), /another file lies there/);
      await requireModelFolder(folder, { inputs: [], overwrite: true });
    }));

  it('refuses the folder of the model that is read, also where it is to be overwritten', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'model.json'), '{}');
      await assert.rejects(
        requireModelFolder(folder, { inputs: [folder], overwrite: true }),
        /Expected another file to write than those that are read/,
      );
    }));
});

describe('requireModelFolder of a training', () => {
  const rules = {
    inputs: [],
    within: ['best'],
    intermediate: ['reconstructed'],
    checkpointed: true,
  };
  const FILES = ['model.json', 'best/model.json', 'reconstructed/model.json'];

  for (const name of [...FILES, WATCHED.metrics, WATCHED.curve]) {
    it(`refuses another program's ${name}`, () =>
      inFolder(async (folder) => {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), '{"loss": 1}\n');
        await mkdir(join(folder, 'checkpoints'), { recursive: true });
        await writeFile(join(folder, 'checkpoints', 'epoch1.h5'), 'of Keras');
        await assert.rejects(requireModelFolder(folder, rules), /another file lies there/);
        await requireModelFolder(folder, { ...rules, overwrite: true });
      }));
  }

  it('takes what a training with checkpoints, or one that was killed before, has left', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, WATCHED.metrics), '');
      await mkdir(join(folder, 'reconstructed'));
      const card = { userDefinedMetadata: { tf8: { dataset: 'cifar10' } } };
      await writeFile(join(folder, 'reconstructed', 'model.json'), JSON.stringify(card));
      await requireModelFolder(folder, rules);
      await mkdir(join(folder, 'checkpoints'));
      await writeFile(join(folder, 'checkpoints', 'step-00000003.safetensors'), '');
      await writeFile(join(folder, 'model.json'), '{}');
      await requireModelFolder(folder, rules);
    }));
});

describe('requireOutsideImages', () => {
  const withClasses = (use: (folder: string) => Promise<void>) =>
    inFolder(async (folder) => {
      for (const image of ['data/cat/0.jpg', 'data/dog/0.jpg', 'plain/0.jpg']) {
        await mkdir(dirname(join(folder, image)), { recursive: true });
        await writeFile(join(folder, image), 'x');
      }
      await use(folder);
    });

  it('refuses a folder that the next command would take for a class', () =>
    withClasses(async (folder) => {
      const data = join(folder, 'data');
      await symlink('data', join(folder, 'linked'));
      for (const out of [data, join(data, 'model'), join(folder, 'linked', 'a', 'model')]) {
        await assert.rejects(requireOutsideImages(out, data, 'out'), {
          name: 'UserError',
          message: `Expected a folder for \`out\` outside of the images but ${out} lies among them, in ${data}`,
        });
      }
      await requireOutsideImages(join(folder, 'model'), data, 'out');
      await requireOutsideImages(join(folder, 'data2'), data, 'out');
    }));

  it('takes a folder beside the splits', () =>
    withClasses(async (folder) => {
      await rename(join(folder, 'data'), join(folder, 'train'));
      await requireOutsideImages(join(folder, 'model'), folder, 'out');
    }));

  it('refuses records, which have figures, among plain images', () =>
    withClasses(async (folder) => {
      const data = join(folder, 'plain');
      await requireOutsideImages(join(data, 'model'), data, 'out');
      await assert.rejects(requireOutsideImages(join(data, 'runs'), data, 'runsDir'), /`runsDir`/);
    }));
});

describe('requireOwnFolder', () => {
  it('refuses a folder with somebody else’s files', () =>
    inFolder(async (folder) => {
      await requireOwnFolder(join(folder, 'missing'), NOBODYS);
      await requireOwnFolder(folder, NOBODYS);
      await writeFile(join(folder, 'mine.txt'), 'x');
      await requireOwnFolder(folder, OURS);
      await requireOwnFolder(folder, NOBODYS, true);
      await assert.rejects(requireOwnFolder(folder, NOBODYS), /but it holds mine\.txt/);
    }));
});
