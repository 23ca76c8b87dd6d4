import { defineCommand } from '../command.ts';
import { OVERWRITE } from '../options.ts';

export const reportCommand = defineCommand({
  command: 'report <run>',
  describe: 'One HTML file to look at, with the figures of a run as SVG and PNG',
  options: (yargs) =>
    yargs
      .positional('run', {
        type: 'string',
        demandOption: true,
        describe:
          'Run of "tf8 reproduce" or "tf8 analyze": its folder, or the folder’s name; or the folder of a training',
      })
      .option('runs-dir', {
        type: 'string',
        default: 'runs',
        requiresArg: true,
        describe: 'Folder in which a name is looked up',
      })
      .option('overwrite', {
        ...OVERWRITE,
        describe: 'Replace report.html and figures also where tf8 did not write them',
      }),
  examples: [
    ['report runs/analyze-mobilenet-v1-1-0-224-0a1b2c3d', 'writes report.html there'],
    ['report models/friendly', 'the curves and the settings of its training'],
    ['report reproduce-cifar10-standard', 'the same by name, where runs/ has one such run'],
  ],
  run: async (argv, context) => {
    const { reportRun } = await import('../../workflows/report/report_run.ts');
    return reportRun(argv, context);
  },
  show: ({ report, figures, figureCount }) =>
    `The report is ${report}\nIts figures, ${figureCount} as SVG and as PNG, are in ${figures}`,
});
