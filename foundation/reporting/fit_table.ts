/** A column of text may be as narrow as this, in characters, where its words have to be broken. */
const NARROWEST_TEXT = 8;

/** Of the cells of a rule. */
const NARROWEST = 3;

const BETWEEN = ' | ';

/**
 * The lines of a Markdown table so that none is longer than `width` characters: cells go over several
 * lines, titles of numbers first. It is wider where its numbers alone are.
 */
export function fitTable(lines: readonly string[], width: number): string[] {
  const rows = lines.map(cellsOf);
  const [header, rule = []] = rows;
  if (lines[0].length <= width || rows.some((row) => row.length !== header.length)) {
    return [...lines];
  }
  const columns = header.map(
    (_, index) =>
      new Column(
        rows.map((row) => (row === rule ? '' : row[index].trim())),
        rule[index].endsWith(':'),
      ),
  );
  narrow(columns, width - 1 - BETWEEN.length * columns.length);
  return rows.flatMap((row, index) =>
    row === rule ? [lineOf(columns.map((column) => column.rule()))] : linesOf(columns, index),
  );
}

function cellsOf(line: string): string[] {
  return line.slice(2, -2).split(BETWEEN);
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(BETWEEN)} |`;
}

function linesOf(columns: readonly Column[], row: number): string[] {
  const height = Math.max(...columns.map((column) => column.lines[row].length));
  return Array.from({ length: height }, (_, line) =>
    lineOf(columns.map((column) => column.cell(row, line))),
  );
}

/** Numbers give first, then text between words, at last text within words; of these, the widest. */
function narrow(columns: readonly Column[], room: number): void {
  const steps: readonly (readonly [isNumber: boolean, breaksWords: boolean])[] = [
    [true, false],
    [false, false],
    [false, true],
  ];
  for (const [isNumber, breaksWords] of steps) {
    const able = columns.filter((column) => column.isNumber === isNumber);
    while (columns.reduce((sum, { width }) => sum + width, 0) > room) {
      const [widest] = able
        .filter((column) => column.canNarrow(breaksWords))
        .sort((a, b) => b.width - a.width);
      if (widest === undefined) break;
      widest.narrow();
    }
  }
}

class Column {
  readonly isNumber: boolean;
  /** Of each row. */
  lines: readonly (readonly string[])[];
  width: number;
  private readonly cells: readonly string[];
  private readonly longestWord: number;

  constructor(cells: readonly string[], isNumber: boolean) {
    this.cells = cells;
    this.isNumber = isNumber;
    this.lines = cells.map((cell) => [cell]);
    this.width = widthOf(this.lines);
    this.longestWord = widthOf(cells.map((cell) => wordsOf(cell, isNumber)));
  }

  canNarrow(breaksWords: boolean): boolean {
    const least = breaksWords ? Math.min(NARROWEST_TEXT, this.longestWord) : this.longestWord;
    return this.width > least;
  }

  /** By one character, and by what is not needed then. */
  narrow(): void {
    this.lines = this.cells.map((cell) => wrapped(wordsOf(cell, this.isNumber), this.width - 1));
    this.width = widthOf(this.lines);
  }

  cell(row: number, line: number): string {
    const text = this.lines[row][line] ?? '';
    return this.isNumber ? text.padStart(this.width) : text.padEnd(this.width);
  }

  rule(): string {
    return `${'-'.repeat(this.width - 1)}${this.isNumber ? ':' : '-'}`;
  }
}

function widthOf(lines: readonly (readonly string[])[]): number {
  return Math.max(NARROWEST, ...lines.flat().map((line) => line.trimEnd().length));
}

/** Names may be broken behind their separators, numbers between words alone. */
function wordsOf(cell: string, isNumber: boolean): string[] {
  return cell.split(isNumber ? /(?<= )/ : /(?<=[ /_-])/);
}

/** Lines of at most `width` characters; longer words are broken. */
function wrapped(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + word.trimEnd().length > width) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += word;
    while (line.trimEnd().length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return [...lines, line.trimEnd()];
}
