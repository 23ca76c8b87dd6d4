// Saves into a disk of 1 MB until it is full and then what still fits; says how it went.

import { CheckpointFolder } from '../../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { assertIsCheckpoint, checkpointOf, contentOf } from './support.ts';

const [dir] = process.argv.slice(2);
const folder = await CheckpointFolder.open({ dir, reporter: SILENT_REPORTER });
await folder.save(checkpointOf(1));
await folder.save(checkpointOf(2));
const error = await folder.save(checkpointOf(3, 1_000_000)).catch((thrown: Error) => thrown);
assertIsCheckpoint((await folder.latest())!, 2);
const afterwards = await contentOf(dir);
await folder.save(checkpointOf(4));
assertIsCheckpoint((await folder.latest())!, 4);
await folder.close();
process.stdout.write(
  JSON.stringify({ error: error?.constructor.name, message: error?.message, afterwards }),
);
