import { createRequire } from 'node:module';
import { join } from 'node:path';

interface Rule {
  readonly name: string;
}

/** `room(…)` of .dependency-cruiser.cjs names its rule so. */
const ROOM = /^(\S+) imports only (.+)$/;

/**
 * The directions of imports as Markdown, from the rules of .dependency-cruiser.cjs: a row for each
 * room that imports only some others, then the other rules by their names.
 * @param root the repository's folder
 */
export function importDirections(root: string): string {
  const config = join(root, '.dependency-cruiser.cjs');
  const { forbidden }: { forbidden: readonly Rule[] } = createRequire(config)(config);
  const rows: string[] = [];
  const rules: string[] = [];
  for (const { name } of forbidden) {
    const [, room, allowed = ''] = ROOM.exec(name) ?? [];
    if (room === undefined) rules.push(`- ${name}`);
    else rows.push(`| \`${room}/\` | ${allowed === 'nothing' ? '–' : listed(allowed)} |`);
  }
  return ['| room | may import, of ours |', '|---|---|', ...rows, '', ...rules].join('\n');
}

function listed(allowed: string): string {
  return allowed
    .split(', ')
    .map((path) => `\`${path}\``)
    .join(', ');
}
