import { repositoryRoot } from '../../foundation/repository.ts';
import { defineCommand } from '../command.ts';

export const doctorCommand = defineCommand({
  command: 'doctor',
  describe: 'What this machine and this checkout have, by which route, and what is missing',
  options: (yargs) => yargs,
  examples: [
    ['doctor', 'a table, and what to do about what is missing'],
    ['doctor --json', 'the same as one object'],
  ],
  run: async (_argv, { cacheDir }) => {
    const { examine } = await import('../doctor/examine.ts');
    return examine({ root: repositoryRoot(), cacheDir });
  },
  show: async (report) => (await import('../doctor/show.ts')).showReport(report),
  status: ({ problems }) => (problems.some(({ essential }) => essential) ? 1 : 0),
});
