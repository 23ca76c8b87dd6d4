import { UserError } from '../../foundation/errors.ts';

/** What a page is filled from: a source's figures by name, or what the page says where it is missing. */
export type Sources = Readonly<Record<string, Readonly<Record<string, string>> | string>>;

/** A part of a page that has a line of its own at its beginning and at its end. */
const PART = /^\{\{needs ([^}\n]*)\}\}\n([\s\S]*?)^\{\{end\}\}\n/gm;
const FIGURE = /\{\{([^}\n]*)\}\}/g;

/**
 * Fills a template: Markdown in which `{{source.figure}}` stands for a figure. A part between the
 * lines `{{needs source}}` and `{{end}}` gives way to the source's own words where it is missing.
 * @throws UserError for a figure or a source that is not there, and for a figure of a source that
 *   stands nowhere in the template
 */
export function fillTemplate(template: string, sources: Sources): string {
  const placed = new Set(Array.from(template.matchAll(FIGURE), ([, name]) => name));
  const idle = namesOf(sources).filter((name) => !placed.has(name));
  if (idle.length > 0) {
    throw new UserError(`Expected every figure in the template but it lacks ${idle.join(', ')}`, {
      remedy: 'Show them, or make them no more.',
    });
  }
  return template
    .replace(PART, (_, source: string, text: string) => {
      const figures = sources[source];
      if (figures === undefined) throw unknown('a source', source, Object.keys(sources));
      return typeof figures === 'string' ? `${figures}\n` : text;
    })
    .replace(FIGURE, (_, name: string) => figureOf(name, sources));
}

function figureOf(name: string, sources: Sources): string {
  const [source = '', figure = ''] = name.split('.');
  const figures = sources[source];
  if (typeof figures === 'string') {
    throw new UserError(`Expected ${source} for the figure {{${name}}} but it is missing`, {
      remedy: `${figures}\nOr put the figure between {{needs ${source}}} and {{end}}.`,
    });
  }
  const text = figures?.[figure];
  if (text === undefined) throw unknown('a figure', name, namesOf(sources));
  return text;
}

function namesOf(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([source, figures]) =>
    typeof figures === 'string' ? [] : Object.keys(figures).map((figure) => `${source}.${figure}`),
  );
}

function unknown(what: string, name: string, known: readonly string[]): UserError {
  return new UserError(`Expected ${what} in the template but received {{${name}}}`, {
    remedy: `There are: ${known.join(', ')}.`,
  });
}
