/** What follows a string that is a key. */
const COLON = /[ \t\n\r]*:/y;

/**
 * The first key that an object of a JSON text holds twice, at any depth; `JSON.parse` takes the last
 * of them silently.
 * @param json valid JSON
 */
export function duplicateKey(json: string): string | undefined {
  const openObjects: Set<string>[] = [];
  let at = 0;
  while (at < json.length) {
    const character = json[at];
    if (character === '"') {
      const end = endOfString(json, at);
      COLON.lastIndex = end;
      if (COLON.test(json)) {
        const key: string = JSON.parse(json.slice(at, end));
        const keys = openObjects.at(-1)!;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      at = end;
      continue;
    }
    if (character === '{') openObjects.push(new Set());
    else if (character === '}') openObjects.pop();
    at++;
  }
  return undefined;
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}
