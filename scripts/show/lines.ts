/** Columns of a terminal, as everybody has them. */
export const LINE = 80;

/** Lines of at most 80 characters, words whole; all but the first begin with `indent`. */
export function wrapped(text: string, indent = '  '): string[] {
  return joined(text.split(/(?<=\S) /), '', indent, LINE);
}

/** Words in lines of at most `length` characters, the first behind `first`, the others behind `indent`. */
export function joined(
  words: readonly string[],
  first: string,
  indent: string,
  length: number,
): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length > length) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? first + word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** "1 image", "20 images" */
export function imageCount(count: number): string {
  return count === 1 ? '1 image' : `${count} images`;
}
