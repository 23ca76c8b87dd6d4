import { existsSync } from 'node:fs';
import { isOurTf8File } from './our_tf8_file.ts';
import { requireOutputFiles } from './output_files.ts';
import { type ModelFolderRules, requireModelFolder } from './output_folder.ts';

/** What a command writes, as far as a look at the disk tells whether it may. */
export interface Outputs {
  /** What is read. */
  readonly inputs: readonly (string | undefined)[];
  readonly overwrite: boolean;
  /** Folder of a model. */
  readonly modelFolder?: string | undefined;
  /** Whether the work looks at the checkpoints in the folder itself. */
  readonly checkpointed?: ModelFolderRules['checkpointed'];
  readonly tf8File?: string | undefined;
  /** An analysis in JSON. */
  readonly analysisFile?: string | undefined;
  /** The record of an evaluation. */
  readonly evaluationFile?: string | undefined;
  /** What was counted of a shard. */
  readonly shardFile?: string | undefined;
  /** The record of an evaluation, or an analysis in JSON. */
  readonly mergedFile?: string | undefined;
  /** In any format, with a manifest beside it. */
  readonly exported?: string | undefined;
}

/**
 * Refuses what lies in the way before anything is loaded that the work itself needs. Makes nothing: where
 * nothing lies there, the work finds out whether it can write.
 * @throws UserError as the work itself would
 */
export async function requireOutputs(outputs: Outputs): Promise<void> {
  const { overwrite, modelFolder, checkpointed, tf8File, exported } = outputs;
  const inputs = outputs.inputs.filter((input) => input !== undefined);
  const rules = { inputs, overwrite };
  if (modelFolder !== undefined && existsSync(modelFolder)) {
    await requireModelFolder(modelFolder, { ...rules, checkpointed });
  }
  if (tf8File !== undefined && existsSync(tf8File)) {
    await requireOutputFiles([{ path: tf8File, isOurs: isOurTf8File }], rules);
  }
  for (const [path, recognize] of jsonFiles(outputs)) {
    if (path === undefined || !existsSync(path)) continue;
    // What reads the files is loaded for a file alone: a folder is refused without.
    const isOurs = async (file: string) => recognize(await import('./our_files.ts'))(file);
    await requireOutputFiles([{ path, isOurs }], rules);
  }
  if (exported !== undefined && existsSync(exported)) {
    const isOurs = async (path: string) =>
      (await import('./our_files.ts')).isOurExport(exported)(path);
    await requireOutputFiles([{ path: exported, isOurs }], rules);
  }
}

type Recognize = (ours: typeof import('./our_files.ts')) => (path: string) => Promise<boolean>;

function jsonFiles({
  analysisFile,
  evaluationFile,
  shardFile,
  mergedFile,
}: Outputs): readonly (readonly [path: string | undefined, recognize: Recognize])[] {
  return [
    [analysisFile, ({ isOurAnalysis }) => isOurAnalysis],
    [evaluationFile, ({ isOurEvaluation }) => isOurEvaluation],
    [shardFile, ({ isOurShard }) => isOurShard],
    [
      mergedFile,
      ({ isOurAnalysis, isOurEvaluation }) =>
        async (path) =>
          (await isOurAnalysis(path)) || (await isOurEvaluation(path)),
    ],
  ];
}
