import { UserError } from '../../foundation/errors.ts';
import { LITE_CHECKPOINTS } from './lite_checkpoints.ts';
import type { PublicCheckpoint } from './public_checkpoint.ts';
import { SLIM_CHECKPOINTS } from './slim_checkpoints.ts';

export type { CheckpointSource, PublicCheckpoint } from './public_checkpoint.ts';

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
  ...LITE_CHECKPOINTS,
  ...SLIM_CHECKPOINTS,
];

/**
 * Their names, those that differ in the resolution alone as a shell has them:
 * "mobilenet_v1_1.0_{224,192}".
 */
export const PUBLIC_CHECKPOINT_NAMES = namesInShort(PUBLIC_CHECKPOINTS.map(({ name }) => name));

/**
 * The checkpoint of a name.
 * @throws UserError listing the names when there is none
 */
export function publicCheckpoint(name: string): PublicCheckpoint {
  const checkpoint = PUBLIC_CHECKPOINTS.find((candidate) => candidate.name === name);
  if (checkpoint === undefined) {
    throw new UserError(`Expected the name of a public checkpoint but received "${name}"`, {
      remedy: `Pull one of: ${PUBLIC_CHECKPOINT_NAMES}.`,
    });
  }
  return checkpoint;
}

function namesInShort(names: readonly string[]): string {
  const byStart = new Map<string, string[]>();
  for (const name of names) {
    const [, start = name, resolution] = /^(mobilenet_v[12]_[\d.]+_)(\d+)$/.exec(name) ?? [];
    byStart.set(start, [...(byStart.get(start) ?? []), ...(resolution ? [resolution] : [])]);
  }
  return [...byStart]
    .map(([start, ends]) => `${start}${ends.length > 1 ? `{${ends.join(',')}}` : ends.join('')}`)
    .join(', ');
}
