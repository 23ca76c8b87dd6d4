import { UserError } from '../../foundation/errors.ts';

/** `<!-- name -->` or `<!-- /name -->`, alone in its line. */
const MARK = /^<!-- \/?([a-z0-9-]+) -->$/gm;

/** Names of the parts that a page has marks for. */
export function markedParts(page: string): ReadonlySet<string> {
  return new Set(Array.from(page.matchAll(MARK), ([, name = '']) => name));
}

/**
 * A page with every part between the marks `<!-- name -->` and `<!-- /name -->` as `parts` has it.
 * @param parts text by name, such as the tables in bench/results
 * @throws UserError where a part is named that there is not, or a mark is missing
 */
export function withParts(page: string, parts: ReadonlyMap<string, string>): string {
  let filled = page;
  for (const name of markedParts(page)) {
    const text = parts.get(name);
    if (text === undefined) {
      throw new UserError(
        `Expected one of ${[...parts.keys()].join(', ')} for the part <!-- ${name} --> but there is no such result`,
        { remedy: 'Publish it into bench/results, or mend the mark.' },
      );
    }
    filled = withPart(filled, name, text);
  }
  return filled;
}

function withPart(page: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) {
    throw new UserError(`Expected ${start} and ${end} in the page but they are not there`, {
      remedy: 'Put both marks, each alone in its line, where the figures belong.',
    });
  }
  return `${page.slice(0, from)}${start}\n${text}\n${page.slice(to)}`;
}
