import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** What `--import` takes to run TypeScript. */
export const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** A resolve hook for which there is no tfjs-node. */
const HOOK = `
export async function resolve(specifier, context, next) {
  if (specifier === '@tensorflow/tfjs-node') throw new Error('taken away for a test');
  return next(specifier, context);
}`;

const moduleOf = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;

/** Options of Node that run TypeScript (tsx) in a process where tfjs-node does not load. */
export function withoutTfjsNode(): string[] {
  const register = `import { register } from 'node:module'; register(${JSON.stringify(moduleOf(HOOK))});`;
  return ['--import', TSX, '--import', moduleOf(register)];
}
