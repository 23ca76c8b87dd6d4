import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import type { EvaluationRecord } from '../evaluate/evaluation_record.ts';

/** Writes what an evaluation found. */
export async function writeEvaluation(path: string, record: EvaluationRecord): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(record)}\n`);
}
