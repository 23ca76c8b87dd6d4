/**
 * What a terminal acts upon instead of showing it: control characters (C0, C1, delete), line and
 * paragraph separators, marks that change the direction of text, and characters of no width.
 */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** A line break that a message has itself: what follows is indented. */
const OWN_BREAK = /\n(?= {2})/;

/**
 * A name as it can be printed: what a terminal would act upon is escaped as in JSON, so that a file,
 * a class or a layer can neither colour, move nor forge lines.
 */
export function visibleName(name: string): string {
  return name.replace(UNSEEN, escaped);
}

/** A message that may hold names. Its own line breaks, before an indented line, stay. */
export function visibleMessage(message: string): string {
  return message.split(OWN_BREAK).map(visibleName).join('\n');
}

/** A text of several lines whose names are visible, or that holds none. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visibleName).join('\n');
}

function escaped(character: string): string {
  const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
  return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
