import { TSX } from './without_tfjs_node.ts';

/** A load hook that names each module on standard error before it is loaded. */
const HOOK = `
import { writeSync } from 'node:fs';
export function load(url, context, next) {
  writeSync(2, 'loads ' + url + '\\n');
  return next(url, context);
}`;

const moduleOf = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;

/** Options of Node that run TypeScript (tsx) in a process that names the modules it loads. */
export function namingModules(): string[] {
  const register = `import { register } from 'node:module'; register(${JSON.stringify(moduleOf(HOOK))});`;
  return ['--import', TSX, '--import', moduleOf(register)];
}

/** Packages whose modules a process of `namingModules` has loaded, and what else it wrote. */
export function packagesLoaded(stderr: string): {
  readonly packages: readonly string[];
  readonly said: string;
} {
  const lines = stderr.split('\n');
  const urls = lines.filter((line) => line.startsWith('loads '));
  const packages = urls.flatMap((url) => {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
    return name === undefined ? [] : [name];
  });
  return {
    packages: [...new Set(packages)].sort(),
    said: lines.filter((line) => !line.startsWith('loads ')).join('\n'),
  };
}
