import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabelledDataset, SkippedImage, Split } from '../../../datasets/dataset.ts';
import { openClassFolders } from '../../../datasets/folder/class_folders.ts';
import { holdOutValidation } from '../../../datasets/order/hold_out.ts';
import { firstOfEachClass } from '../../../datasets/order/per_class.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { inFolder } from '../../support/in_folder.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { collect, noise, solid, writeTree } from '../support.ts';

const SPLITS: readonly Split[] = ['train', 'validation', 'test'];

describe('openClassFolders', () => {
  let white: Buffer;

  before(async () => {
    white = await solid(2, 2, 'white').png().toBuffer();
  });

  /** Writes empty images; what is in them matters only once they are read. */
  const images = (...names: string[]) => Object.fromEntries(names.map((name) => [name, white]));
  const numbered = (folder: string, count: number) =>
    images(...Array.from({ length: count }, (_, n) => `${folder}/${n}.png`));

  function open(dir: string, splitSeed?: number): Promise<LabelledDataset> {
    return openClassFolders(dir, {
      reporter: SILENT_REPORTER,
      ...(splitSeed !== undefined && { splitSeed }),
    });
  }

  /** Names of a split's images, by the class. */
  async function namesOf(
    dataset: LabelledDataset,
    split: Split,
  ): Promise<Record<string, string[]>> {
    const found: Record<string, string[]> = {};
    for (const { names, labels } of await collect(dataset, { split, batchSize: 100 })) {
      for (const [n, name] of names.entries()) {
        const className = dataset.classNames[labels[n]];
        found[className] = [...(found[className] ?? []), name];
      }
    }
    return found;
  }

  it('names classes by their folders, in the order of code points', () =>
    inFolder(async (dir) => {
      await writeTree(dir, {
        ...numbered('zebra', 2),
        ...numbered('Ärger', 2),
        ...numbered('Zebu', 2),
        ...numbered('10', 2),
        ...numbered('9', 2),
        ...numbered('\u{1f600}', 2),
        ...numbered('～', 2),
      });
      const dataset = await open(dir);
      assert.deepEqual(dataset.classNames, [
        '10',
        '9',
        'Zebu',
        'zebra',
        'Ärger',
        '～',
        '\u{1f600}',
      ]);
      assert.deepEqual([dataset.name, dataset.origin], ['folder', dir]);
    }));

  it('tests a fifth of each class where nobody has divided the images, the same each time', () =>
    inFolder(async (dir) => {
      await writeTree(dir, {
        ...numbered('cat', 10),
        ...numbered('dog', 5),
        ...numbered('owl', 2),
      });
      const dataset = await open(dir);
      assert.equal(dataset.splitsAreEqual, false);
      const [train, test] = [await namesOf(dataset, 'train'), await namesOf(dataset, 'test')];
      const counts = (split: Record<string, string[]>) =>
        Object.fromEntries(Object.entries(split).map(([name, files]) => [name, files.length]));
      assert.deepEqual(counts(train), { cat: 8, dog: 4, owl: 1 });
      assert.deepEqual(counts(test), { cat: 2, dog: 1, owl: 1 });
      const all = [train, test].flatMap((split) => Object.values(split).flat());
      assert.equal(new Set(all).size, 17);
      assert.deepEqual(await namesOf(await open(dir), 'test'), test);
      assert.equal((await open(dir)).fingerprint, dataset.fingerprint);
      const others = await Promise.all([1, 2, 3].map((seed) => open(dir, seed)));
      assert.ok(others.some(({ fingerprint }) => fingerprint !== dataset.fingerprint));
    }));

  it('divides the same images alike wherever the folder lies, and one level deeper', () =>
    inFolder(async (dir) => {
      for (const place of ['a', 'b/flowers']) {
        await writeTree(join(dir, place), { ...numbered('rose', 9), ...numbered('tulip', 7) });
      }
      const [a, b] = [await open(join(dir, 'a')), await open(join(dir, 'b'))];
      const files = async (dataset: LabelledDataset) =>
        Object.values(await namesOf(dataset, 'test')).map((names) =>
          names.map((name) => name.split('/').slice(-2).join('/')),
        );
      assert.deepEqual(await files(a), await files(b));
      assert.equal(a.fingerprint, b.fingerprint);
      assert.deepEqual(a.classNames, ['rose', 'tulip']);
    }));

  for (const [train, test] of [
    ['train', 'val'],
    ['Train', 'validation'],
    ['training', 'test'],
  ] as const) {
    it(`takes ${train}/ and ${test}/ as the two splits`, () =>
      inFolder(async (dir) => {
        await writeTree(dir, {
          ...images(`${train}/cat/1.png`, `${train}/cat/2.png`, `${train}/dog/1.png`),
          ...images(`${test}/cat/3.png`, `${test}/dog/4.png`),
        });
        const dataset = await open(dir);
        assert.deepEqual(await namesOf(dataset, 'train'), {
          cat: [`${train}/cat/1.png`, `${train}/cat/2.png`],
          dog: [`${train}/dog/1.png`],
        });
        assert.deepEqual(await namesOf(dataset, 'test'), {
          cat: [`${test}/cat/3.png`],
          dog: [`${test}/dog/4.png`],
        });
        assert.equal(dataset.count('validation'), 0);
      }));
  }

  it('takes val/ for the validation split where there is test/ too', () =>
    inFolder(async (dir) => {
      await writeTree(dir, {
        ...images('train/a/1.png', 'train/b/1.png', 'train/b/2.png'),
        ...images('val/a/3.png', 'val/b/3.png', 'test/a/4.png'),
      });
      const reporter = recordingReporter();
      const dataset = await openClassFolders(dir, { reporter });
      assert.deepEqual(
        SPLITS.map((split) => dataset.count(split)),
        [3, 2, 1],
      );
      assert.deepEqual(await namesOf(dataset, 'validation'), {
        a: ['val/a/3.png'],
        b: ['val/b/3.png'],
      });
      assert.ok(reporter.messages.some((text) => /test has no images of b$/.test(text)));
      assert.throws(() => holdOutValidation(dataset, 1, 0), /2 images are held out/);
    }));

  it('divides train/ where no other split has class folders, and says what it leaves out', () =>
    inFolder(async (dir) => {
      await writeTree(dir, {
        ...numbered('train/cat', 5),
        ...numbered('train/dog', 5),
        ...images('test/1.png', 'notes/a/2.png'),
      });
      const reporter = recordingReporter();
      const dataset = await openClassFolders(dir, { reporter });
      assert.deepEqual([dataset.count('train'), dataset.count('test')], [8, 2]);
      assert.ok(reporter.messages.some((text) => /Left out 2 folders .*: notes, test$/.test(text)));
    }));

  it('takes train for a class where it holds no class folders', () =>
    inFolder(async (dir) => {
      await writeTree(dir, {
        ...numbered('bus', 2),
        ...numbered('car', 2),
        ...numbered('train', 2),
      });
      assert.deepEqual((await open(dir)).classNames, ['bus', 'car', 'train']);
    }));

  it('finds files at any depth, follows links, and enters no folder twice', () =>
    inFolder(async (dir) => {
      await writeTree(dir, {
        ...images('set/cat/2023/may/1.JPG', 'set/cat/2.webp', 'set/dog/3.png', 'store/4.png'),
      });
      await symlink(join(dir, 'store'), join(dir, 'set/dog/linked'));
      await symlink(join(dir, 'set/dog'), join(dir, 'set/dog/loop'));
      const dataset = await open(join(dir, 'set'));
      const found = SPLITS.map((split) => dataset.count(split)).reduce((a, b) => a + b);
      assert.equal(found, 4);
    }));

  it('counts and names what it leaves out', () =>
    inFolder(async (dir) => {
      await writeTree(dir, {
        ...numbered('cat', 3),
        ...numbered('dog', 3),
        'cat/.DS_Store': '',
        'cat/._1.png': '',
        'cat/notes.txt': '',
        'dog/IMG_1.HEIC': '',
        'dog/b.bmp': '',
        'cover.png': white,
        'README.md': '',
        '__MACOSX/cat/1.png': white,
        '.git/x/1.png': white,
      });
      const reporter = recordingReporter();
      const dataset = await openClassFolders(dir, { reporter });
      assert.deepEqual(dataset.classNames, ['cat', 'dog']);
      assert.equal(dataset.count('train') + dataset.count('test'), 6);
      const text = reporter.messages.join('\n');
      assert.match(text, /Left out 3 entries without an image's extension/);
      assert.match(text, /Left out 2 entries in formats that are not read \(HEIC, BMP\)/);
      assert.match(text, /Left out 1 image of .* in no class's folder: cover\.png/);
    }));

  it('names broken images and fills the batch with the next', () =>
    inFolder(async (dir) => {
      await writeTree(dir, {
        ...images('train/cat/2.png', 'train/dog/3.png', 'test/cat/4.png', 'test/dog/5.png'),
        'train/cat/1.png': '<svg xmlns="http://www.w3.org/2000/svg"/>',
      });
      const skipped: SkippedImage[] = [];
      const onSkip = (image: SkippedImage) => skipped.push(image);
      const dataset = await open(dir);
      const [batch] = await collect(dataset, { split: 'train', onSkip });
      assert.deepEqual(batch.names, ['train/cat/2.png', 'train/dog/3.png']);
      assert.deepEqual([...batch.labels], [0, 1]);
      assert.equal(skipped[0].name, 'train/cat/1.png');
      assert.match(skipped[0].reason, /it is SVG$/);
    }));

  it('is shuffled, held out of, and sampled by class as every data set', () =>
    inFolder(async (dir) => {
      await writeTree(dir, { ...numbered('cat', 20), ...numbered('dog', 20) });
      const dataset = await open(dir);
      const order = async (seed: number) =>
        (await collect(dataset, { split: 'train', seed })).flatMap(({ names }) => names);
      assert.deepEqual(await order(1), await order(1));
      assert.notDeepEqual(await order(1), await order(2));
      const divided = holdOutValidation(dataset, 4, 0);
      assert.deepEqual(
        SPLITS.map((split) => divided.count(split)),
        [28, 4, 8],
      );
      const { among } = firstOfEachClass(dataset, 'train', 3, 0);
      assert.deepEqual(
        Array.from(among, (index) => dataset.label('train', index)),
        [0, 0, 0, 1, 1, 1],
      );
    }));

  it('gives the same batches from worker threads, augmented too', () =>
    inFolder(async (dir) => {
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < 8; n++) {
        files[`${n % 2 === 0 ? 'cat' : 'dog'}/${n}.png`] = await noise(12 + n, 20)
          .png()
          .toBuffer();
      }
      await writeTree(dir, files);
      const dataset = await open(dir);
      const options = { split: 'train', seed: 1, batchSize: 3, resolution: 8 } as const;
      const augmentation = { kind: 'flip-crop', padding: 2 } as const;
      const run = (workers: number) => collect(dataset, { ...options, augmentation, workers });
      assert.deepEqual(await run(1), await run(0));
    }));

  it('has another fingerprint where a class is renamed, an image added or a split changed', () =>
    inFolder(async (dir) => {
      const trees = [
        images('cat/1.png', 'cat/2.png', 'dog/1.png', 'dog/2.png'),
        images('cat/1.png', 'cat/2.png', 'hound/1.png', 'hound/2.png'),
        images('cat/1.png', 'cat/2.png', 'dog/1.png', 'dog/2.png', 'dog/3.png'),
        images('train/cat/1.png', 'train/dog/1.png', 'val/cat/2.png', 'val/dog/2.png'),
        images('train/cat/1.png', 'train/dog/1.png', 'val/cat/2.png', 'val/dog/3.png'),
      ];
      const fingerprints = new Set<string>();
      for (const [n, tree] of trees.entries()) {
        await writeTree(join(dir, `${n}`), tree);
        fingerprints.add((await open(join(dir, `${n}`))).fingerprint);
      }
      assert.equal(fingerprints.size, trees.length);
    }));

  it('warns of folders that may be two spellings of one class, and of classes of one image', () =>
    inFolder(async (dir) => {
      const classes = ['Golden Retriever', 'golden_retriever', 'a', 'A'];
      await writeTree(
        dir,
        Object.assign({}, ...classes.map((name) => numbered(name, 2)), numbered('b', 1)),
      );
      const reporter = recordingReporter();
      const dataset = await openClassFolders(dir, { reporter });
      assert.equal(dataset.classNames.length, 5);
      const text = reporter.messages.join('\n');
      assert.match(text, /Golden Retriever and golden_retriever .* taken as different classes/);
      assert.doesNotMatch(text, /A and a/);
      assert.match(text, /Not tested, .*: b\/0\.png/);
    }));

  it('takes folders of either form of Unicode for one class over the splits', () =>
    inFolder(async (dir) => {
      await writeTree(dir, {
        ...images(`train/${'café'.normalize('NFC')}/1.png`, 'train/bar/1.png'),
        ...images(`val/${'café'.normalize('NFD')}/2.png`, 'val/bar/2.png'),
      });
      assert.deepEqual((await open(dir)).classNames, ['bar', 'café']);
    }));

  describe('refuses', () => {
    const refusals: Readonly<Record<string, readonly [readonly string[], RegExp, RegExp]>> = {
      'a folder without class folders': [
        ['1.png', 'notes.txt', 'more.txt'],
        /two or more folders of images, .* but found 3 files \(2 \.txt, 1 \.png\)\.$/,
        /the data set "images"/,
      ],
      'an empty folder': [[], /but found nothing\.$/, /a folder of its own/],
      'a single class': [['cat/1.png', 'cat/2.png'], /but found the folder cat\.$/, /its own/],
      'train/ with a single class': [
        ['train/cat/1.png', 'val/cat/2.png'],
        /two classes at least in .*train but found cat alone/,
        /beside the others/,
      ],
      'class folders without images, by name': [
        ['cat/1.png', 'dog/2.png', 'owl/x.txt', 'fox/IMG.HEIC'],
        /found none in fox, owl \(HEIC is not read\)\.$/,
        /move the folders out/,
      ],
      'a class that is not trained': [
        ['train/cat/1.png', 'train/dog/1.png', 'val/cat/1.png', 'val/owl/2.png'],
        /found the folder owl\.$/,
        /Add training images/,
      ],
      'a class that a split spells in another way': [
        ['train/cat/1.png', 'train/dog/1.png', 'val/Cat/1.png', 'val/dog/2.png'],
        /found the folder Cat\.$/,
        /Rename .*Cat to cat\.$/,
      ],
      'two folders of one name': [
        [`${'é'.normalize('NFC')}/1.png`, `${'é'.normalize('NFD')}/1.png`],
        /two are called é/,
        /Move the images/,
      ],
    };
    for (const [what, [files, message, remedy]] of Object.entries(refusals)) {
      it(what, () =>
        inFolder(async (dir) => {
          await writeTree(dir, images(...files));
          await assert.rejects(open(dir), { name: 'UserError', message, remedy });
        }),
      );
    }

    it('an empty class folder, a missing folder and a file', () =>
      inFolder(async (dir) => {
        await writeTree(dir, images('cat/1.png', 'dog/1.png'));
        await mkdir(join(dir, 'owl'));
        await assert.rejects(open(dir), { message: /found none in owl\.$/ });
        await assert.rejects(open(join(dir, 'none')), { message: /there is no such folder\.$/ });
        await assert.rejects(open(join(dir, 'cat/1.png')), { message: /it is a file\.$/ });
      }));
  });
});
