import type { ProgressAmount } from './amounts.ts';
import { progressLine, shortLabel } from './progress_line.ts';

/** The bar gives way to the text on a narrow terminal. */
const BAR_WIDTH = 20;
/** A shorter bar says nothing. */
const LEAST_BAR = 4;
const REDRAW_MS = 200;

/** What a terminal writes itself where Ctrl-C is pressed, and the cursor behind it. */
const ECHO = '^C '.length;

/** To the line's beginning, and what stands there away. */
export const CLEAR_LINE = '\r\x1b[K';

/** A moving bar on the last line of a terminal. The line is never full: nothing wraps, also not on Ctrl-C. */
export class ProgressBar {
  private readonly write: (text: string) => unknown;
  private readonly columns: () => number;
  private readonly now: () => number;
  private line = '';
  private drawnAt = -Infinity;

  /**
   * @param write takes text as it is
   * @param columns of the terminal, which may change
   * @param now a clock in milliseconds
   */
  constructor(write: (text: string) => unknown, columns: () => number, now: () => number) {
    this.write = write;
    this.columns = columns;
    this.now = now;
  }

  /** Draws the bar, unless it was drawn a moment ago. */
  update(label: string, progress: ProgressAmount, detail?: string): void {
    this.line = barLine(label, progress, detail, this.columns() - ECHO);
    if (this.now() - this.drawnAt < REDRAW_MS) return;
    this.redraw();
  }

  /** Writes lines above the bar. */
  writeAbove(lines: string): void {
    this.write(`${CLEAR_LINE}${lines}\n`);
    this.redraw();
  }

  clear(): void {
    this.write(CLEAR_LINE);
  }

  private redraw(): void {
    this.write(`${CLEAR_LINE}${this.line}`);
    this.drawnAt = this.now();
  }
}

/** "Training ████░░░░ loss 0.512, 1,200 of 10,000 images, 0:41 left" in at most `width` characters. */
function barLine(
  name: string,
  progress: ProgressAmount,
  detail: string | undefined,
  width: number,
): string {
  const label = shortLabel(name, width);
  const text = progressLine(progress, detail, width - label.length - 2);
  const room = Math.min(BAR_WIDTH, width - label.length - text.length - 2);
  const line =
    progress.total > 0 && room >= LEAST_BAR
      ? `${label} ${bar(progress, room)} ${text}`
      : [label, text].filter(Boolean).join(': ');
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

function bar({ done, total }: ProgressAmount, width: number): string {
  const filled = Math.round(Math.min(done / total, 1) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}
