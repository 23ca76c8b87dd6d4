import { defineCommand } from '../command.ts';

const RUN =
  'a run of "tf8 reproduce" or "tf8 analyze" (its folder, or the folder’s name), the folder of a training, or a file with the JSON that "tf8 evaluate" or "tf8 analyze" printed';

export const diffCommand = defineCommand({
  command: 'diff <run> <other>',
  describe: 'What differs between two runs: settings, versions, processor, figures by layer',
  options: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: `The one: ${RUN}` })
      .positional('other', {
        type: 'string',
        demandOption: true,
        describe: 'The other, of whatever kind',
      })
      .option('runs-dir', {
        type: 'string',
        default: 'runs',
        requiresArg: true,
        describe: 'Folder in which names are looked up',
      }),
  examples: [
    ['diff analyze-standard analyze-friendly', 'two analyses, layer by layer'],
    ['diff before.json after.json', 'two evaluations: tf8 evaluate MODEL --json > before.json'],
    ['diff models/friendly models/again', 'two trainings'],
  ],
  run: async (argv) => {
    const { diffRuns } = await import('../../workflows/diff/diff_runs.ts');
    return diffRuns(argv);
  },
  show: async (result) => (await import('../show/diff.ts')).showDiff(result),
});
