// Goes on with the checkpoints in the folder that it is given, from the latest one; says the step of
// each whose saving is done, until it is killed.
import { writeSync } from 'node:fs';
import { CheckpointFolder } from '../../../checkpoints/training_checkpoint/checkpoint_folder.ts';
import { SILENT_REPORTER } from '../../../foundation/reporting/reporter.ts';
import { checkpointOf, KILLED_SIZE } from './support.ts';

const [dir] = process.argv.slice(2);
const folder = await CheckpointFolder.open({ dir, keep: 2, reporter: SILENT_REPORTER });
const latest = await folder.latest();
for (let step = (latest?.step ?? 0) + 1; ; step++) {
  await folder.save(checkpointOf(step, KILLED_SIZE));
  writeSync(1, `${step}\n`);
}
