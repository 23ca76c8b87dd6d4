import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';

/** Ways to get tfjs-node with its library, in the order in which they are tried. */
export const TFJS_ROUTES = ['official', 'wheel'] as const;
export type TfjsRoute = (typeof TFJS_ROUTES)[number];

const recordSchema = z.object({
  /**
   * "gpu": the wheel's library for GPUs; "found": it worked before the set-up looked at it; "none":
   * training is not available.
   */
  route: z.enum([...TFJS_ROUTES, 'gpu', 'found', 'none']),
  /** Version that the loaded library gave. */
  libtensorflow: z.string().optional(),
  binding: z.enum(['compiled', 'prebuilt']).optional(),
  bindingSha256: z.string().optional(),
  /** Why each route that was tried gave nothing. */
  failures: z.array(z.object({ route: z.string(), reason: z.string() })),
});

/** What the set-up found out about tfjs-node; kept in node_modules, which it describes. */
export type TfjsNodeRecord = z.infer<typeof recordSchema>;

function recordPath(project: string): string {
  return join(project, 'node_modules', '.tf8', 'tfjs_node.json');
}

export async function readTfjsNodeRecord(project: string): Promise<TfjsNodeRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(recordPath(project), 'utf8')));
  } catch {
    return undefined;
  }
}

export async function writeTfjsNodeRecord(project: string, record: TfjsNodeRecord): Promise<void> {
  await writeFileAtomic(recordPath(project), `${JSON.stringify(record, null, 2)}\n`);
}

export function tfjsNodeFolder(project: string): string {
  return join(project, 'node_modules', '@tensorflow', 'tfjs-node');
}

/** The native part of tfjs-node 4.22, which speaks Node-API 8 on every supported Node. */
export function bindingPath(project: string): string {
  return join(tfjsNodeFolder(project), 'lib', 'napi-v8', 'tfjs_binding.node');
}
