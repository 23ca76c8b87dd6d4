import { fitTable } from './fit_table.ts';

const ROW = /^\|.*\|$/;

/** "name  value", "- item": what follows hangs below the second word. */
const HANGING = /^(?: *[-→] | {0,4}\S.{0,28}? {2,}(?=\S)| +)/;

/**
 * A text in lines of at most `width` characters: words stay whole, Markdown tables get narrower columns.
 * A word that is longer, such as a path, keeps a line of its own.
 */
export function fitLines(text: string, width: number): string {
  const lines = text.split('\n');
  const fitted: string[] = [];
  for (let start = 0; start < lines.length; ) {
    let end = start;
    while (end < lines.length && ROW.test(lines[end])) end++;
    if (end > start) fitted.push(...fitTable(lines.slice(start, end), width));
    else fitted.push(...fitLine(lines[end++], width));
    start = end;
  }
  return fitted.join('\n');
}

function fitLine(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const [begin] = HANGING.exec(line) ?? [''];
  const indent = ' '.repeat(Math.min(begin.length, Math.floor(width / 2)));
  const lines: string[] = [];
  let current = begin;
  let isEmpty = true;
  for (const word of line.slice(begin.length).split(' ')) {
    if (!isEmpty && current.length + 1 + word.length > width) {
      lines.push(current);
      current = indent;
      isEmpty = true;
    }
    current += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, current];
}
