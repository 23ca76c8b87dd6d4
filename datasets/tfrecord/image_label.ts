import { IMAGENET_CLASSES } from '../imagenet/imagenet_classes.ts';
import { type ExampleFeatures, int64Feature, textFeature } from './example.ts';
import type { BrokenRecord } from './record_frame.ts';

const INDICES = new Map(IMAGENET_CLASSES.map(({ wnid }, index) => [wnid, index]));

/**
 * Reads the classes of a split's records as indices into IMAGENET_CLASSES.
 *
 * slim's and Inception's records (build_imagenet_data.py; imagenet_to_gcs.py likewise) have an
 * `image/class/label` in [1, 1000], where 0 stands for the background. Where a record has an
 * `image/class/synset`, its WordNet id says which class it is, and labels that start at 0 are
 * understood too: what the first record says is the rule for all.
 */
export class ImageLabels {
  /** Label of class 0. */
  private base: 0 | 1 | undefined;

  /**
   * The class of one record.
   *
   * @throws what `broken` makes where the label is missing or no class, the WordNet id is none of ILSVRC
   *   2012's, or label and WordNet id contradict each other or the records before
   */
  read(features: ExampleFeatures, broken: BrokenRecord): number {
    const label = int64Feature(features, 'image/class/label', broken);
    const synset = textFeature(features, 'image/class/synset');
    const index = synset === undefined ? fromLabel(label, broken) : fromSynset(synset, broken);
    const base = label - BigInt(index);
    if ((base !== 0n && base !== 1n) || base !== BigInt(this.base ?? base)) {
      const labels = this.base === undefined ? `${index + 1} or ${index}` : `${index + this.base}`;
      throw broken({
        expected: `the image/class/label ${labels} for class ${synset ?? index}${this.ruleSoFar()}`,
        received: `${label}`,
        remedy:
          'Write all records from one list of the 1000 classes, sorted by WordNet id, with labels from 1 on.',
      });
    }
    this.base = base === 0n ? 0 : 1;
    return index;
  }

  private ruleSoFar(): string {
    return this.base === undefined ? '' : ` (labels start at ${this.base} in the records before)`;
  }
}

function fromSynset(synset: string, broken: BrokenRecord): number {
  const index = INDICES.get(synset);
  if (index !== undefined) return index;
  throw broken({
    expected: 'one of the 1000 WordNet ids of ILSVRC 2012 as image/class/synset',
    received: JSON.stringify(synset.slice(0, 40)),
    remedy: 'Use records of ImageNet (ILSVRC 2012).',
  });
}

function fromLabel(label: bigint, broken: BrokenRecord): number {
  if (label >= 1n && label <= BigInt(IMAGENET_CLASSES.length)) return Number(label) - 1;
  throw broken({
    expected: `an image/class/label in [1, ${IMAGENET_CLASSES.length}] (0 is the background)`,
    received: `${label}`,
    remedy:
      'Write labels from 1 on; labels that start at 0 are read only beside image/class/synset.',
  });
}
