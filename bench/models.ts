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
import { measureRuntimes } from './suite/measure_runtimes.ts';
import { measureTf8, type Photographs } from './suite/measure_tf8.ts';
import { readSuite, SUITE_FILE, type Suite, type SuiteModel } from './suite/read_suite.ts';

const RESULT = join(import.meta.dirname, 'results', 'models.json');
const IMAGES = 8;
const LITERT_IMAGES = 3;

const HELP = `Usage: npm run bench:models -- [NAME…] [OPTIONS]

Computes anew what test/models.json says of the models (of these names alone, where there are any): what they
are, and what their own programs make of one image.

  --data DIR  photographs: measures them in TF8 instead; the record keeps its rows of the others
  --record    stores each row in bench/results/models.json, for "npm run docs", as soon as it is measured
  --missing   measures alone what the record lacks: what was interrupted goes on
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

type Row = ModelsRecord['opened'][number];

/**
 * Measures models one by one, the small ones first.
 * @param missing whether what the stored record has is left as it is
 * @param keep gets the record after each
 */
async function measureAll(
  names: readonly string[],
  missing: boolean,
  photographs: Photographs,
  keep: (record: ModelsRecord) => Promise<void>,
  context: Context,
): Promise<ModelsRecord> {
  const suite = await readSuite();
  requireKnown(names, suite);
  const rows = new Map((await knownRows()).map((row) => [row.name, row]));
  const facts = {
    date: new Date().toISOString().slice(0, 10),
    environment: await environment(await selectBackend()),
    data: photographs.dataset.fingerprint,
    images: photographs.images,
    litertImages: photographs.litertImages,
  };
  const record = () => modelsRecordSchema.parse({ ...facts, ...listed(suite, rows) });
  const asked = suite.models
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .filter(({ name }) => !missing || !isWhole(rows.get(name)))
    .flatMap(({ opens, ...model }) => (opens === undefined ? [] : [{ ...model, opens }]))
    .sort((a, b) => a.opens.macs - b.opens.macs);
  for (const model of asked) {
    const { name } = model;
    const path = await suiteModelPath(model, suite.packages, context);
    const { operations, unread, macs, integerMacs } = model.opens;
    const facts = { ...placeOf(model, suite), operations, unread, macs, integerMacs };
    const known = missing ? rows.get(name) : undefined;
    const figures = known ?? (await measureTf8(path, photographs, context));
    const runtimes =
      figures.reason === undefined ? await measureRuntimes(path, photographs, context) : {};
    rows.set(name, { ...figures, ...facts, ...runtimes });
    await keep(record());
    context.reporter.info(`${name}: ${JSON.stringify({ ...figures, ...runtimes })}`);
  }
  return record();
}

/** Whether nothing is missing of a row that can be measured. */
function isWhole(row: Row | undefined): boolean {
  return row?.reason !== undefined || row?.onnxRuntime !== undefined;
}

/** The suite's models in its order, the refused ones apart. */
function listed(
  suite: Suite,
  rows: ReadonlyMap<string, Row>,
): Pick<ModelsRecord, 'opened' | 'unmeasured' | 'refused'> {
  const open = suite.models.filter(({ opens }) => opens !== undefined);
  return {
    opened: open.flatMap(({ name }) => rows.get(name) ?? []),
    unmeasured: open.map(({ name }) => name).filter((name) => !rows.has(name)),
    refused: suite.models
      .filter(({ opens }) => opens === undefined)
      .map((model) => ({ ...placeOf(model, suite), refused: model.refused ?? 'not measured' })),
  };
}

function placeOf({ name, package: from }: Pick<SuiteModel, 'name' | 'package'>, suite: Suite) {
  const { version } = suite.packages.find((each) => each.package === from)!;
  return { name, package: from, version };
}

/** Rows of the stored record; none where there is none. */
async function knownRows(): Promise<readonly Row[]> {
  const text = await readFile(RESULT, 'utf8').catch(() => undefined);
  return text === undefined ? [] : modelsRecordSchema.parse(JSON.parse(text)).opened;
}

function jsonOf(record: ModelsRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        record: { type: 'boolean' },
        missing: { type: 'boolean', default: false },
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
  const keep = async (record: ModelsRecord) => {
    if (values.record) await writeFileAtomic(RESULT, jsonOf(record));
  };
  const measured = await measureAll(positionals, values.missing, photographs, keep, context);
  await keep(measured);
  process.stdout.write(jsonOf(measured));
});
