/** Run by `input_workers.test.ts` in a process of its own: leaves an iteration over worker threads. */
import { streamBatches } from '../../../datasets/pipeline/batch_stream.ts';
import { OPTIONS, pixelSet } from './support.ts';

for await (const { names } of streamBatches(pixelSet(200), 1, { ...OPTIONS, workers: 2 })) {
  process.stdout.write(`${names.length} images\n`);
  break;
}
