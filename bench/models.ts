/**
 * Other people's models: what they are, what their own programs make of them, and what 8 bits do.
 * `npm run bench:models -- --help` lists the options.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDataset } from '../datasets/open_dataset.ts';
import { messageOf, UserError } from '../foundation/errors.ts';
import { writeFileAtomic } from '../foundation/files/atomic_file.ts';
import { cacheDir } from '../foundation/files/cache_dir.ts';
import type { Context } from '../foundation/reporting/context.ts';
import { terminalReporter } from '../foundation/reporting/terminal_reporter.ts';
import { selectBackend } from '../training/backend.ts';
import { environment } from '../workflows/records/environment.ts';
import { type ModelsRecord, modelsRecordSchema } from '../workflows/records/models_record.ts';
import { runBench } from './run_bench.ts';
import { suiteModelPath } from './suite/fetch_package.ts';
import { measureModel } from './suite/measure_model.ts';
import { measureTf8, type Photographs } from './suite/measure_tf8.ts';
import { readSuite, SUITE_FILE, type Suite, type SuiteModel } from './suite/read_suite.ts';

const RESULT = join(import.meta.dirname, 'results', 'models.json');
const IMAGES = 8;
const LITERT_IMAGES = 3;

const HELP = `Usage: npm run bench:models -- [NAME…] [OPTIONS]

Computes anew what test/models.json says of the models (of these names alone, where there are any): what they
are, and what their own programs make of one image.

  --data DIR  photographs: measures them in TF8 instead; the record keeps its rows of the others
  --record    stores that as bench/results/models.json, for "npm run docs"
`;

/** @throws UserError naming one that the suite has not */
function requireKnown(names: readonly string[], suite: Suite): void {
  const stranger = names.find((name) => !suite.models.some((model) => model.name === name));
  if (stranger !== undefined) {
    throw new UserError(`Expected names of models of the suite but received "${stranger}"`, {
      remedy: `It has ${suite.models.map(({ name }) => name).join(', ')}.`,
    });
  }
}

/** What the suite says, of the models of these names computed anew. */
async function renewSuite(names: readonly string[], context: Context): Promise<void> {
  const suite = await readSuite();
  requireKnown(names, suite);
  const models: SuiteModel[] = [];
  for (const model of suite.models) {
    const isAsked = names.length === 0 || names.includes(model.name);
    models.push(isAsked ? await renewed(model, suite, context) : model);
  }
  await writeFileAtomic(SUITE_FILE, `${JSON.stringify({ ...suite, models }, null, 2)}\n`);
}

async function renewed(
  { name, package: from, path: inside }: SuiteModel,
  { packages }: Suite,
  context: Context,
): Promise<SuiteModel> {
  const model = { name, package: from, path: inside };
  const measured = await measureModel(await suiteModelPath(model, packages, context), context);
  context.reporter.info(`${name}: ${measured.refused ?? measured.opens?.oracle}`);
  return { ...model, ...measured };
}

async function measureAll(
  names: readonly string[],
  photographs: Photographs,
  context: Context,
): Promise<ModelsRecord> {
  const suite = await readSuite();
  requireKnown(names, suite);
  const { packages, models } = suite;
  const known = names.length === 0 ? [] : await knownRows();
  const opened: ModelsRecord['opened'] = [];
  const refused: ModelsRecord['refused'] = [];
  for (const model of models) {
    const { name, package: from, opens } = model;
    const { version } = packages.find((each) => each.package === from)!;
    const place = { name, package: from, version };
    if (opens === undefined) {
      refused.push({ ...place, refused: model.refused ?? 'not measured' });
      continue;
    }
    const isAsked = names.length === 0 || names.includes(name);
    const row = known.find((each) => each.name === name);
    if (!isAsked) {
      if (row !== undefined) opened.push(row);
      continue;
    }
    const path = await suiteModelPath(model, packages, context);
    const figures = await measureTf8(path, photographs, context);
    const { operations, unread, macs, integerMacs } = opens;
    opened.push({ ...place, operations, unread, macs, integerMacs, ...figures });
    context.reporter.info(`${name}: ${JSON.stringify(figures.litert ?? figures.reason)}`);
  }
  return modelsRecordSchema.parse({
    date: new Date().toISOString().slice(0, 10),
    environment: await environment(await selectBackend()),
    data: photographs.dataset.fingerprint,
    images: photographs.images,
    litertImages: photographs.litertImages,
    opened,
    refused,
  });
}

/** Rows of the stored record; none where there is none. */
async function knownRows(): Promise<ModelsRecord['opened']> {
  const text = await readFile(RESULT, 'utf8').catch(() => undefined);
  return text === undefined ? [] : modelsRecordSchema.parse(JSON.parse(text)).opened;
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        record: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UserError(messageOf(error), { remedy: HELP });
  }
}

await runBench(async (signal) => {
  const { values, positionals } = parse();
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const context = { reporter: terminalReporter(process.stderr), cacheDir: cacheDir(), signal };
  await selectBackend();
  if (values.data === undefined) {
    await renewSuite(positionals, context);
    return;
  }
  const { data: dir } = values;
  const dataset = await openDataset('images', { ...context, dir });
  const photographs = { dataset, dir, images: IMAGES, litertImages: LITERT_IMAGES };
  const json = `${JSON.stringify(await measureAll(positionals, photographs, context), null, 2)}\n`;
  if (values.record) await writeFileAtomic(RESULT, json);
  process.stdout.write(json);
});
