import { UserError } from '../../foundation/errors.ts';
import type { Reporter } from '../../foundation/reporting/reporter.ts';
import { parseExample } from './example.ts';
import { ImageLabels } from './image_label.ts';
import { readRecordFile } from './record_file.ts';
import { type RecordImages, recordImages } from './record_images.ts';
import type { RecordShard, RecordSplit } from './record_shards.ts';

/**
 * Reads all files of a split once, checks every record's CRCs and finds where it lies and which
 * class it has. Files and records are read one after the other: memory is bounded except for the
 * index (18 bytes a record).
 *
 * @throws UserError for a file or record that cannot be used (see readRecordFile, parseExample,
 *   ImageLabels) and where there is no record; the signal's reason when aborted
 */
export async function indexRecords(
  split: RecordSplit,
  shards: readonly RecordShard[],
  options: { readonly reporter: Reporter; readonly signal?: AbortSignal | undefined },
): Promise<RecordImages> {
  const { reporter, signal } = options;
  const counts: number[] = [];
  const columns = { offset: [] as number[], length: [] as number[], labels: [] as number[] };
  const labels = new ImageLabels();
  const size = shards.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress = reporter.start(`Indexing the ${split} records`, size, 'bytes');
  try {
    let done = 0;
    for (const { path, bytes } of shards) {
      const before = columns.offset.length;
      for await (const { offset, payload, broken } of readRecordFile(path, { signal })) {
        columns.labels.push(labels.read(parseExample(payload, broken), broken));
        columns.offset.push(offset);
        columns.length.push(payload.length);
        progress.update(done + offset, `${columns.offset.length} records`);
      }
      counts.push(columns.offset.length - before);
      done += bytes;
      progress.update(done);
    }
  } finally {
    progress.end();
  }
  if (columns.offset.length === 0) {
    throw new UserError(
      `Expected records in the ${split} files (${shards[0].path} …) but they are empty.`,
      { remedy: 'Write them again.' },
    );
  }
  return recordImages(
    shards.map(({ path }) => path),
    counts,
    columns,
  );
}
