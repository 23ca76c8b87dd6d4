import { resolve } from 'node:path';
import type { LabelledDataset } from '../dataset.ts';
import { imageSetDataset } from '../image_set_dataset.ts';
import { type LabelledImageSet, PHOTOGRAPH_MS } from '../images/image_set.ts';
import { SLIM_CENTRAL_FRACTION } from '../images/preprocess.ts';
import type { ImageSource } from '../pipeline/image_source.ts';
import { type OpenRecordsOptions, openRecords } from '../tfrecord/open_records.ts';
import { type RecordImages, recordName } from '../tfrecord/record_images.ts';
import type { RecordShardSets } from '../tfrecord/record_shards.ts';
import { IMAGENET_CLASSES } from './imagenet_classes.ts';

/**
 * ImageNet as TFRecord files, found by findRecordShards in `dir`: the `validation` files are the split
 * `test`; one set alone is both splits. Preprocessing, classes and labels are openImageNet's.
 *
 * @throws what openRecords throws
 */
export async function openImageNetRecords(
  dir: string,
  shards: RecordShardSets,
  options: OpenRecordsOptions,
): Promise<LabelledDataset> {
  const { splits, fingerprint } = await openRecords(shards, options);
  // findRecordShards finds at least one set.
  const train = new RecordSet((splits.train ?? splits.validation)!);
  const splitsAreEqual = splits.train === undefined || splits.validation === undefined;
  return imageSetDataset(
    {
      name: 'imagenet',
      classNames: IMAGENET_CLASSES.map(({ name }) => name),
      origin: resolve(dir),
      splitsAreEqual,
      fingerprint,
    },
    { train, test: splitsAreEqual ? train : new RecordSet(splits.validation) },
    SLIM_CENTRAL_FRACTION,
  );
}

class RecordSet implements LabelledImageSet {
  readonly count: number;
  readonly loadMs = PHOTOGRAPH_MS;
  private readonly records: RecordImages;

  constructor(records: RecordImages) {
    this.count = records.labels.length;
    this.records = records;
  }

  label(index: number): number {
    return this.records.labels[index];
  }

  name(index: number): string {
    return recordName(this.records, index);
  }

  source(indices: Uint32Array): ImageSource {
    return { kind: 'records', records: this.records, indices };
  }
}
