import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';

/** Ways to get tfjs-node with its library, in the order in which they are tried. */
export const TFJS_ROUTES = ['official', 'wheel'] as const;
export type TfjsRoute = (typeof TFJS_ROUTES)[number];

const recordSchema = z.object({
  /** "found": it worked before the set-up looked at it; "none": training is not available. */
  route: z.enum([...TFJS_ROUTES, 'found', 'none']),
  /** Version that the loaded library gave. */
  libtensorflow: z.string().optional(),
  binding: z.enum(['compiled', 'prebuilt']).optional(),
  bindingSha256: z.string().optional(),
  /** Why each route that was tried gave nothing. */
  failures: z.array(z.object({ route: z.string(), reason: z.string() })),
});

/** What the set-up found out about tfjs-node; kept in node_modules, which it describes. */
export type TfjsNodeRecord = z.infer<typeof recordSchema>;

function recordPath(root: string): string {
  return join(root, 'node_modules', '.tf8', 'tfjs_node.json');
}

export async function readTfjsNodeRecord(root: string): Promise<TfjsNodeRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(recordPath(root), 'utf8')));
  } catch {
    return undefined;
  }
}

export async function writeTfjsNodeRecord(root: string, record: TfjsNodeRecord): Promise<void> {
  await writeFileAtomic(recordPath(root), `${JSON.stringify(record, null, 2)}\n`);
}

export function tfjsNodeFolder(root: string): string {
  return join(root, 'node_modules', '@tensorflow', 'tfjs-node');
}

/** The native part of tfjs-node 4.22, which speaks Node-API 8 on every supported Node. */
export function bindingPath(root: string): string {
  return join(tfjsNodeFolder(root), 'lib', 'napi-v8', 'tfjs_binding.node');
}
