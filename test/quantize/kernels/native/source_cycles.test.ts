import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../../../../quantize/kernels/native/source/', import.meta.url);

/** The text of each file by its name, comments left out. */
type Sources = ReadonlyMap<string, string>;

function readSources(): Sources {
  const names = readdirSync(fileURLToPath(FOLDER)).sort();
  return new Map(
    names.map((name) => [
      name,
      readFileSync(new URL(name, FOLDER), 'utf8').replace(/\/\*.*?\*\//gs, ''),
    ]),
  );
}

const INCLUDE = /^#include "([^"]+)"/gm;

function includesOf(text: string): string[] {
  return Array.from(text.matchAll(INCLUDE), ([, name]) => name);
}

/** A file's text with its .inc files in place, and with the names that they are given as macros. */
function expanded(sources: Sources, name: string, macros = new Map<string, string>()): string {
  const lines = sources.get(name)!.split('\n');
  return lines
    .map((line) => {
      const part = /^#include "(.+\.inc)"/.exec(line)?.[1];
      if (part !== undefined) return expanded(sources, part, macros);
      const [, macro, value] = /^#define (\w+) (\w+)$/.exec(line) ?? [];
      if (macro !== undefined) macros.set(macro, value);
      return line.startsWith('#') ? '' : line.replace(/\w+/g, (word) => macros.get(word) ?? word);
    })
    .join('\n');
}

/** Functions that the headers declare for other files. */
function declaredFunctions(sources: Sources): string[] {
  const headers = [...sources].filter(([name]) => name.endsWith('.h'));
  return headers.flatMap(([, text]) =>
    Array.from(text.matchAll(/^\w[^\n;{}()]*\b(\w+)\([^;{}]*\);/gm), ([, name]) => name),
  );
}

interface CallGraph {
  /** The .c files that define each declared function. */
  readonly definers: ReadonlyMap<string, readonly string[]>;
  /** For each .c file the others whose functions it names. */
  readonly uses: ReadonlyMap<string, readonly string[]>;
}

function callGraph(sources: Sources): CallGraph {
  const texts = new Map(
    [...sources.keys()]
      .filter((name) => name.endsWith('.c'))
      .map((name) => [name, expanded(sources, name)]),
  );
  const definers = new Map(
    declaredFunctions(sources).map((declared) => {
      const definition = new RegExp(`^\\w[^\\n;{}()]*\\b${declared}\\([^;{}]*\\)\\s*{`, 'm');
      return [declared, [...texts].filter(([, text]) => definition.test(text)).map(([n]) => n)];
    }),
  );
  const uses = new Map(
    [...texts].map(([name, text]) => {
      const words = new Set(text.match(/\w+/g));
      const used = [...definers].flatMap(([declared, by]) => (words.has(declared) ? by : []));
      return [name, used.filter((by) => by !== name)];
    }),
  );
  return { definers, uses };
}

/** Files of which each needs the next, and the last the first; undefined where there are none. */
function cycleIn(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  function visit(name: string, path: readonly string[]): string[] | undefined {
    if (path.includes(name)) return path.slice(path.indexOf(name));
    if (done.has(name)) return undefined;
    for (const next of edges.get(name) ?? []) {
      const cycle = visit(next, [...path, name]);
      if (cycle !== undefined) return cycle;
    }
    done.add(name);
    return undefined;
  }
  for (const name of edges.keys()) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

describe('the C sources', () => {
  it('include each other without a cycle', () => {
    const includes = new Map(
      [...readSources()].map(([name, text]) => [name, includesOf(text)] as const),
    );
    assert.equal(cycleIn(includes), undefined);
  });

  it('define each function that a header declares in one file', () => {
    const { definers } = callGraph(readSources());
    assert.ok(definers.size > 40, `${definers.size}`);
    for (const [declared, by] of definers) assert.equal(by.length, 1, `${declared}: ${by}`);
  });

  it('use each other’s functions without a cycle', () => {
    const { uses } = callGraph(readSources());
    assert.ok(uses.get('op.c')!.includes('pack.c'));
    assert.ok(uses.get('convolve.c')!.includes('avx2.c')); // Its functions are named by macros.
    assert.equal(cycleIn(uses), undefined);
  });

  it('that use each other in a circle are found', () => {
    const sources = new Map([
      ['a.h', 'void one(int);\nvoid *two(void);\nint three(void);'],
      ['a.c', 'void one(int x) {\n  two();\n}'],
      ['b.c', '#define NAME two\n#include "b.inc"'],
      ['b.inc', 'void *NAME(void) {\n  if (three()) {\n    return 0;\n  }\n}'],
      ['c.c', 'int three(void) { one(3); }'],
    ]);
    assert.deepEqual(cycleIn(callGraph(sources).uses), ['a.c', 'b.c', 'c.c']);
  });
});
