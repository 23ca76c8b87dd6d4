import { defineCommand } from '../command.ts';

export const reportCommand = defineCommand({
  command: 'report <run>',
  describe: 'One HTML file to look at, with the figures of a run as SVG and PNG',
  options: (yargs) =>
    yargs.positional('run', {
      type: 'string',
      demandOption: true,
      describe: 'Folder of a run: what "tf8 reproduce" or "tf8 analyze" names when it has ended',
    }),
  examples: [['report runs/analyze-mobilenet_v1_1.0_224-0a1b2c3d', 'writes report.html there']],
  run: async ({ run }, context) => {
    const { readParts } = await import('../jobs/report/read_parts.ts');
    const { writeReport } = await import('../jobs/report/write_report.ts');
    return writeReport(await readParts(run), run, context);
  },
  show: ({ report, figures, figureCount }) =>
    `The report is ${report}\nIts figures, ${figureCount} as SVG and as PNG, are in ${figures}`,
});
