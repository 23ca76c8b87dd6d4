import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { folderIn, installed, ROOT } from '../package/installed.ts';

/** Uses the entries that need no optional package. */
const RUNNING = `import { loadTf8, type Tf8Plan } from 'tf8';
import { loadTf8 as loadInBrowser, startWebThreads } from 'tf8/browser';
import { preprocess } from 'tf8/preprocess';

const plan: Tf8Plan = await loadTf8('model.tf8', { tier: 'wasm', threads: 2 });
const { input } = plan.model;
const image = preprocess(
  { data: new Uint8Array(12), width: 2, height: 2, channels: 3 },
  { resolution: input.shape[0], centralFraction: 1 },
);
export const names: string[] = plan.classify(image).flat().map(({ name }) => name);
const threading = await startWebThreads(new Uint8Array(), 1);
export const inBrowser = await loadInBrowser('model.tf8', { wasm: 'kernels.wasm', threading });
// @ts-expect-error There is no such tier.
await loadTf8('model.tf8', { tier: 'gpu' });
`;

/** Does what the command does. */
const WORKING = `import { STANDARD, buildMobileNetV1 } from 'tf8/architectures';
import { loadFloatModel, pullCheckpoint } from 'tf8/checkpoints';
import { type Dataset, openDataset } from 'tf8/datasets';
import { convertGraph, fuseLayersModel, loadTf8, calibrate } from 'tf8/quantize';
import { openRecipe, overrideRecipe } from 'tf8/training';
import {
  analyze, classify, createContext, describe, evaluate, exportModel, type EvaluateResult, pull,
  quantize, rearchitect, report, reproduce, train, UserError, verify,
} from 'tf8/workflows';

const context = createContext();
export const dataset: Dataset = await openDataset('cifar10', context);
export const recipe = overrideRecipe(await openRecipe('scratch-small'), { batchSize: 32 });
const network = { network: 'mobilenet_v1', variant: STANDARD.name, widthMultiplier: 0.5 } as const;
await train({ ...network, dataset: 'cifar10', seed: 1, out: 'trained', resume: true }, context);
const result: EvaluateResult = await evaluate(
  { model: 'trained', dataset: 'cifar10', precision: 'both', seed: 1, tier: 'auto' },
  context,
);
export const top1: number | undefined = result.tf8?.top1;
export const layers: string[] = (await describe('trained', context)).layers.map(({ op }) => op);
export const verbs = [
  analyze, classify, exportModel, pull, quantize, rearchitect, report, reproduce, verify,
  buildMobileNetV1, loadFloatModel, pullCheckpoint, convertGraph, fuseLayersModel, loadTf8, calibrate,
];
// @ts-expect-error A seed is missing.
await evaluate({ model: 'trained', precision: 'both', tier: 'auto' }, context);
export const mendable = (error: unknown) => error instanceof UserError && error.remedy;
`;

describe("the installed package's types", function () {
  this.timeout(300_000);
  let folder: string;

  before(async function () {
    folder = await folderIn(await installed(this));
    await writeFile(join(folder, 'running.ts'), RUNNING);
    await writeFile(join(folder, 'working.ts'), WORKING);
  });

  /** What the compiler complains of in programs and, unless it is skipped, in all that they import. */
  function problems(files: readonly string[], options: ts.CompilerOptions): string[] {
    const program = ts.createProgram(
      files.map((file) => join(folder, file)),
      { target: ts.ScriptTarget.ES2023, strict: true, noEmit: true, types: [], ...options },
    );
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ file: at, messageText }) =>
        [at?.fileName ?? '', ts.flattenDiagnosticMessageText(messageText, '\n')].join(': '),
      );
  }

  const NODE = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const BUNDLER = {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  /** Types of TensorFlow.js come with it; those of Node are the program's choice. */
  const SKIPPED = {
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  };

  it('of running a model are whole, without any types of others', () =>
    assert.deepEqual(problems(['running.ts'], NODE), []));

  it('of every entry fit a program for Node', () =>
    assert.deepEqual(problems(['working.ts'], { ...NODE, ...SKIPPED }), []));

  it('of every entry fit a program for a bundler', () =>
    assert.deepEqual(problems(['running.ts', 'working.ts'], { ...BUNDLER, ...SKIPPED }), []));
});
