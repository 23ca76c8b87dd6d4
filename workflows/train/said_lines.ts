import type { Reporter } from '../../foundation/reporting/reporter.ts';

/** What stands before the lines of a worker other than the first. */
const WORKER = /^worker \d+: /;

/** Lines that a piece of work says, for workers that say them again. */
export class SaidLines {
  /** Says a line and keeps it. */
  readonly reporter: Reporter;
  /** Says all lines but those that were kept. */
  readonly others: Reporter;

  constructor(reporter: Reporter) {
    const lines = new Set<string>();
    const keeping = (kind: 'info' | 'warn') => (line: string) => {
      lines.add(line);
      reporter[kind](line);
    };
    const passing = (kind: 'info' | 'warn') => (line: string) => {
      if (!lines.has(line.replace(WORKER, ''))) reporter[kind](line);
    };
    this.reporter = { ...reporter, info: keeping('info'), warn: keeping('warn') };
    this.others = { ...reporter, info: passing('info'), warn: passing('warn') };
  }
}
