/** Text that is HTML already: made by `html`, so that everything from data in it is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[];

/**
 * HTML from a template: strings and numbers are escaped, for elements and for quoted attributes
 * alike; HTML is taken as it is; lists are joined, undefined is left out.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(
    strings
      .map((text, index) => text + (index < values.length ? textOf(values[index]) : ''))
      .join(''),
  );
}

/**
 * A value as JSON inside a script element: no `<`, so that nothing in it ends the element or opens a
 * comment (HTML § 4.12.1.3), and the same value for JSON.parse.
 */
export function jsonInScript(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

function textOf(value: HtmlValue): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(textOf).join('');
  return String(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
