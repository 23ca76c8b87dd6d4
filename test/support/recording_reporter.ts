import type { Reporter } from '../../foundation/reporting/reporter.ts';

/** A reporter that keeps what it hears; of each piece of work, whether it was ended once. */
export function recordingReporter(): Reporter & {
  readonly messages: string[];
  readonly work: { readonly label: string; done: number; ends: number }[];
} {
  const messages: string[] = [];
  const work: { label: string; done: number; ends: number }[] = [];
  return {
    messages,
    work,
    info: (message) => messages.push(message),
    warn: (message) => messages.push(message),
    start(label) {
      const piece = { label, done: 0, ends: 0 };
      work.push(piece);
      return {
        update: (done) => {
          piece.done = done;
        },
        end: () => {
          piece.ends++;
        },
      };
    },
  };
}
