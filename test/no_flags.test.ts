import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { repositoryRoot } from '../foundation/repository.ts';

const LIBRARIES = [
  'foundation',
  'architectures',
  'checkpoints',
  'datasets',
  'training',
  'quantize',
  'workflows',
];

const FLAG = /(^|[\s("'`])--[a-z][a-z-]+/;
/** "tf8 setup" and "tf8 doctor" are not among them: they are given in a shell, whoever the caller is. */
const COMMAND =
  /tf8 (analyze|classify|describe|evaluate|export|pull|quantize|rearchitect|report|reproduce|train|verify)\b/;

/** Why a file may say so all the same. */
const EXCEPTIONS: Readonly<Record<string, RegExp>> = {
  // Arguments of other programs.
  'foundation/downloads/fetch_package.ts': /^--|--hash=sha256:/,
  'foundation/optional_package.ts': /npm install --save-exact/,
  'foundation/python/python_environment.ts': /^--|--hash=sha256:/,
  'foundation/python/tensorflow_wheel.ts': /^--/,
  'checkpoints/public/lite_checkpoints.ts': /^--only-binary$/,
  'checkpoints/public/public_checkpoints.ts': /^--no-binary$/,
  'foundation/processes/source_hooks.ts': /^--import$/,
  'workflows/records/environment.ts': /^--/,
  'workflows/verify/c_runtime.ts': /^--version$/,
  'workflows/verify/node_runtime.ts': /npm install --no-save/,
  // Parts of files and pages: what is stored stays as it is.
  'quantize/export/c/header.ts': /written by "tf8 export"/,
  'quantize/export/c/library.ts': /written by "tf8 export"/,
  'workflows/rearchitect/rebuild.ts': /^tf8 rearchitect$/,
  'workflows/rearchitect/stored_network.ts': /^tf8 rearchitect$/,
  'workflows/train/train_card.ts': /^tf8 train$/,
  'workflows/report/report_page.ts': /tf8 report</,
};

function speaks(text: string): boolean {
  return FLAG.test(text) || COMMAND.test(text);
}

/** The texts of strings and templates of a file, comments left out. */
function textsOf(path: string, source: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) texts.push(node.text);
    if (ts.isTemplateMiddleOrTemplateTail(node)) texts.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest));
  return texts;
}

describe('libraries', () => {
  for (const library of LIBRARIES) {
    it(`${library}/ names no flag and no command: only scripts/ puts them into words`, async () => {
      const root = repositoryRoot();
      const files = await readdir(join(root, library), { recursive: true });
      const found: string[] = [];
      for (const file of files.filter((name) => name.endsWith('.ts'))) {
        const path = `${library}/${file}`;
        const source = await readFile(join(root, path), 'utf8');
        if (!speaks(source)) continue;
        for (const text of textsOf(path, source).filter(speaks)) {
          if (!EXCEPTIONS[path]?.test(text)) found.push(`${path}: ${text}`);
        }
      }
      assert.deepEqual(found, []);
    });
  }
});
