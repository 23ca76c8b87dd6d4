import { defineCommand } from '../command.ts';
import { OVERWRITE } from '../options.ts';

export const mergeCommand = defineCommand({
  command: 'merge <shards..>',
  describe:
    'What one evaluation or analysis of all images gives, from what its shards have counted',
  options: (yargs) =>
    yargs
      .positional('shards', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Files that evaluate or analyze left with --shard, of every shard one',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: "A file for the JSON, besides the run's folder of an analysis",
      })
      .option('overwrite', OVERWRITE)
      .option('runs-dir', {
        type: 'string',
        default: 'runs',
        requiresArg: true,
        describe: 'Folder of the records of analyses',
      }),
  examples: [
    ['merge part-*.json', 'after evaluate … --shard 1/3 --out part-1.json, 2/3 and 3/3'],
    ['merge part-*.json --out evaluation.json', 'the bytes that evaluate … --out leaves'],
  ],
  outputs: ({ shards, out, overwrite }) => ({ inputs: shards, mergedFile: out, overwrite }),
  run: async (argv, context) => {
    const { mergeShards } = await import('../../workflows/shards/merge_shards.ts');
    return mergeShards(argv, context);
  },
  show: async (result) =>
    'layers' in result
      ? (await import('../show/analysis.ts')).showAnalysis(result)
      : (await import('../show/evaluation.ts')).showEvaluation(result),
});
