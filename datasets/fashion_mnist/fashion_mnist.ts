import { access, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { fetchArtifact, type Route, unpackDeb } from '../../foundation/downloads/fetch_artifact.ts';
import { messageOf, UserError } from '../../foundation/errors.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import type { LabelledDataset, StoredSplit } from '../dataset.ts';
import type { OpenOptions } from '../open_options.ts';
import { type LabelledPixels, pixelDataset } from '../pixel_dataset.ts';
import { parseIdx } from './idx.ts';

/** One of the four files: SHA-256 of the official .gz (as pinned by TensorFlow Datasets) and of its content. */
interface PinnedFile {
  readonly name: string;
  readonly gzipSha256: string;
  readonly contentSha256: string;
}

/**
 * Debian's .gz files are the official deflate streams under a header without name and time: with the
 * official names and the times 2017-08-31 10:50:06 (train) and 10:50:27 (t10k) UTC in the header they
 * have the official SHA-256. So the contents, taken from Debian's package, are the official ones.
 */
const FILES: Record<StoredSplit, { readonly images: PinnedFile; readonly labels: PinnedFile }> = {
  train: {
    images: {
      name: 'train-images-idx3-ubyte.gz',
      gzipSha256: '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
      contentSha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    },
    labels: {
      name: 'train-labels-idx1-ubyte.gz',
      gzipSha256: 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
      contentSha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    },
  },
  test: {
    images: {
      name: 't10k-images-idx3-ubyte.gz',
      gzipSha256: '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
      contentSha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    },
    labels: {
      name: 't10k-labels-idx1-ubyte.gz',
      gzipSha256: '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
      contentSha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
    },
  },
};

const ALL_FILES = [
  FILES.train.images,
  FILES.train.labels,
  FILES.test.images,
  FILES.test.labels,
] as const;

const OFFICIAL = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com';

const DEBIAN = {
  kind: 'apt',
  package: 'dataset-fashion-mnist',
  version: '0.0~git20200523.55506a9-1',
  sha256: '39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0',
} as const satisfies Route;

/** Where the package puts the files. */
const DEBIAN_FOLDER = 'usr/share/datasets/fashion-mnist';

const CLASS_NAMES = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
] as const;

/**
 * Fashion-MNIST (Xiao et al. 2017, arXiv 1708.07747): 60,000 and 10,000 greyscale images of 28 × 28.
 * From the official address, else from Debian's package; the decompressed contents are verified by
 * SHA-256 whichever way they came. `dir`, where given, is the folder that holds the four .gz files.
 *
 * @throws UserError where no route works, or a file is missing, damaged or another one
 */
export async function openFashionMnist(options: OpenOptions): Promise<LabelledDataset> {
  const { folder, origin } = await locate(options);
  return pixelDataset({
    name: 'fashion-mnist',
    classNames: CLASS_NAMES,
    origin,
    splits: {
      train: await readSplit(folder, FILES.train),
      test: await readSplit(folder, FILES.test),
    },
  });
}

async function locate(options: OpenOptions): Promise<{ folder: string; origin: string }> {
  const { dir, cacheDir, reporter } = options;
  if (dir !== undefined) return { folder: dir, origin: resolve(dir) };

  const debianName = `${DEBIAN.package}_${DEBIAN.version}`;
  const unpacked = join(cacheDir, debianName);
  const debian = {
    folder: join(unpacked, DEBIAN_FOLDER),
    origin: `Debian's package ${DEBIAN.package} ${DEBIAN.version}`,
  };
  if (await isFashionMnist(debian.folder)) return debian;

  const { fetchArtifact: fetch, unpackDeb: unpack } = options.source ?? {
    fetchArtifact,
    unpackDeb,
  };
  const common = { cacheDir, reporter, ...(options.signal && { signal: options.signal }) };
  try {
    for (const { name, gzipSha256 } of ALL_FILES) {
      const route = { kind: 'url', url: `${OFFICIAL}/${name}`, sha256: gzipSha256 } as const;
      await fetch({ ...common, name: `fashion-mnist/${name}`, routes: [route] });
    }
    return { folder: join(cacheDir, 'fashion-mnist'), origin: OFFICIAL };
  } catch (official) {
    if (!(official instanceof UserError)) throw official;
    reporter.info(`Fashion-MNIST's official address gave nothing; trying ${debian.origin}`);
    const deb = await fetch({ ...common, name: `${debianName}_all.deb`, routes: [DEBIAN] }).catch(
      (failure: unknown) => {
        if (!(failure instanceof UserError)) throw failure;
        throw new UserError(`${official.message}\n  ${failure.message}`, {
          remedy: `Mend one of these, or put ${ALL_FILES.map(({ name }) => name).join(', ')} into a folder and pass it.`,
          cause: failure,
        });
      },
    );
    await unpack(deb.path, unpacked);
    return debian;
  }
}

/** Whether a folder holds the four files. */
export async function isFashionMnist(folder: string): Promise<boolean> {
  const found = await Promise.allSettled(ALL_FILES.map(({ name }) => access(join(folder, name))));
  return found.every(({ status }) => status === 'fulfilled');
}

async function readSplit(
  folder: string,
  files: (typeof FILES)[StoredSplit],
): Promise<LabelledPixels> {
  const images = parseIdx(await readVerified(folder, files.images), 3, files.images.name);
  const labels = parseIdx(await readVerified(folder, files.labels), 1, files.labels.name);
  const [, height, width] = images.shape;
  return { pixels: images.data, labels: labels.data, height, width, channels: 1 };
}

/** The decompressed content, known to be the published one. */
async function readVerified(folder: string, file: PinnedFile): Promise<Uint8Array> {
  const path = join(folder, file.name);
  const remedy = `Remove ${path} and fetch it again.`;
  const compressed = await readFile(path).catch((cause: unknown) => {
    throw new UserError(`Expected ${file.name} in ${folder} but ${messageOf(cause)}.`, {
      remedy: `Put the four .gz files of Fashion-MNIST into ${folder}.`,
      cause,
    });
  });
  const content = await promisify(gunzip)(compressed).catch((cause: unknown) => {
    throw new UserError(`Expected a gzip file at ${path} but ${messageOf(cause)}.`, {
      remedy,
      cause,
    });
  });
  const received = sha256OfBytes(content);
  if (received !== file.contentSha256) {
    throw new UserError(
      `Expected SHA-256 ${file.contentSha256} for the content of ${path} but received ${received}.`,
      { remedy },
    );
  }
  return content;
}
