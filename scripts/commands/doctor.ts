import { repositoryRoot } from '../../foundation/repository.ts';
import { defineCommand } from '../command.ts';
import { examine } from '../doctor/examine.ts';
import { showReport } from '../doctor/show.ts';

export const doctorCommand = defineCommand({
  command: 'doctor',
  describe: 'What this machine and this checkout have, by which route, and what is missing',
  options: (yargs) => yargs,
  examples: [
    ['doctor', 'a table, and what to do about what is missing'],
    ['doctor --json', 'the same as one object'],
  ],
  run: (_argv, { cacheDir }) => examine({ root: repositoryRoot(), cacheDir }),
  show: showReport,
  status: ({ problems }) => (problems.some(({ essential }) => essential) ? 1 : 0),
});
