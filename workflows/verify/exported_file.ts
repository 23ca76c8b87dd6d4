import { existsSync } from 'node:fs';

/** The file of an export that holds the network: of an export to C named by NAME or NAME.h it is NAME.c. */
export function exportedFile(path: string): string {
  if (!existsSync(path) && existsSync(`${path}.c`)) return `${path}.c`;
  const library = path.replace(/\.h$/, '.c');
  return existsSync(library) ? library : path;
}
