import { basename } from 'node:path';
import type { Dataset } from '../../datasets/dataset.ts';
import { topK } from '../../datasets/scoring/top_k.ts';
import { UserError } from '../../foundation/errors.ts';
import { readBounded } from '../../foundation/files/byte_source.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Tf8Plan } from '../../quantize/execute/plan.ts';
import { readExport } from '../../quantize/export/formats.ts';
import { type Manifest, withVerification } from '../../quantize/export/manifest.ts';
import { exportedOutputs } from '../../quantize/export/tensor_names.ts';
import type { TierName } from '../../quantize/kernels/kernels.ts';
import { isVector, outputNode, roundingOf, withRounding } from '../../quantize/model/tf8_model.ts';
import type { RoundingName } from '../../quantize/params/roundings.ts';
import { manifestPath, readManifest, writeManifest } from '../export/export_manifest.ts';
import { type AddGolden, requireGoldenFolder, writeGolden } from '../golden/golden_folder.ts';
import type { KernelsUsed } from '../open/kernels_used.ts';
import { openImages } from '../open/open_data.ts';
import { kernelsUsed, openPlan } from '../open/open_plan.ts';
import { eachQuantizedImage } from '../open/quantized_images.ts';
import { tf8Facts, tf8Sha256 } from '../open/tf8_facts.ts';
import { explainDifference } from './explain_difference.ts';
import { exportedFile } from './exported_file.ts';
import {
  type FirstDifference,
  type LayerComparison,
  LayerComparisons,
} from './layer_comparison.ts';
import { chosenRuntime, type Exported, openRuntime } from './open_runtime.ts';
import type { Runtime } from './runtime.ts';
import type { RuntimeName } from './runtime_names.ts';

/** Above any export: the C header of an InceptionV3 has 120 MB. */
const MAX_EXPORT_BYTES = 512 * 2 ** 20;

export interface VerifyOptions {
  /** The exported file; of an export to C its name or one of its two files. */
  readonly file: string;
  /** Folder that gets the images' golden vectors: input, every layer and the outputs. */
  readonly dump?: string | undefined;
  /** The model's own unless given. */
  readonly dataset?: string | undefined;
  readonly data?: string | undefined;
  readonly limit: number;
  readonly seed: number;
  readonly tier: TierName | 'auto';
  readonly runtime?: RuntimeName | undefined;
  /** The rule by which our executor rounds; the model's own unless given. */
  readonly profile?: RoundingName | undefined;
  /** Entries of an ONNX Runtime session, such as `{ 'session.qdqisint8allowed': '1' }`. */
  readonly sessionConfig?: Readonly<Record<string, string>> | undefined;
}

export interface VerifyResult extends KernelsUsed {
  readonly file: string;
  readonly format: string;
  /** Name and version. */
  readonly runtime: string;
  readonly dataset: string;
  /** In the order in which they are computed; last the file's outputs, from a run of their own. */
  readonly layers: readonly LayerComparison[];
  readonly firstDifference?: FirstDifference;
  /** Why bytes differ, and what to do, where that is known. */
  readonly explanation?: string;
  readonly images: number;
  /** Images that could not be read. */
  readonly skipped: number;
  /** In percent of the images; null of a network without an output of classes. */
  readonly top1Agreement: number | null;
  /** Where the golden vectors lie, if they were asked for. */
  readonly dump?: string;
  /** The rule by which we rounded, if one was asked for. */
  readonly profile?: RoundingName;
}

/**
 * Runs an exported file in its real runtime, and the TF8 model that it carries in our executor, on
 * the same images, and compares every byte of every layer. The manifest beside it learns of it.
 * @param open starts the runtime
 * @throws UserError where the file is not the one its manifest describes
 */
export async function verify(
  options: VerifyOptions,
  context: Context,
  open: typeof openRuntime = openRuntime,
): Promise<VerifyResult> {
  const { tier, dump, profile, sessionConfig } = options;
  const { wording = (message) => message } = context;
  const file = exportedFile(options.file);
  if (dump !== undefined) await requireGoldenFolder(dump);
  const exported = await readExported(file);
  const manifest = await readManifest(file);
  if (manifest !== undefined) await requireManifestFits(manifest, exported);
  const { model, format } = exported;
  const dataset = await openImages(
    tf8Facts(model).dataset,
    { dataset: options.dataset, dir: options.data, option: 'data' },
    context,
  );
  const runtimeName = chosenRuntime(exported, options.runtime);
  const runtime = await open(exported, runtimeName, context, sessionConfig);
  try {
    using plan = openPlan(
      profile === undefined ? model : withRounding(model, profile),
      { tier, outputs: model.nodes.map(({ name }) => name) },
      context.reporter,
    );
    const comparison = await (dump === undefined
      ? compare(plan, runtime, dataset, options, context)
      : writeGolden(dump, model, (add) => compare(plan, runtime, dataset, options, context, add)));
    const explanation =
      comparison.firstDifference &&
      explainDifference({
        runtime: runtimeName,
        format,
        rounding: profile ?? roundingOf(model),
        hasSums: model.nodes.some(({ op }) => op === 'add' || op === 'subtract'),
        sessionConfig,
      });
    const result = {
      file,
      format,
      runtime: runtime.name,
      dataset: dataset.name,
      ...kernelsUsed(plan),
      ...comparison,
      ...(explanation !== undefined && { explanation: wording(explanation) }),
      ...(dump !== undefined && { dump }),
      ...(profile !== undefined && { profile }),
    };
    if (manifest !== undefined) await addToManifest(file, manifest, dataset, result);
    return result;
  } finally {
    await runtime.close();
  }
}

async function readExported(path: string): Promise<Exported> {
  const bytes = await readBounded(path, MAX_EXPORT_BYTES);
  return { path, bytes, ...(await readExport(bytes, path)) };
}

async function requireManifestFits(
  { files, origin }: Manifest,
  { path, bytes, model }: Exported,
): Promise<void> {
  const listed = files.find(({ name }) => name === basename(path));
  const isThisFile = listed === undefined || listed.sha256 === sha256OfBytes(bytes);
  if (isThisFile && origin.tf8Sha256 === (await tf8Sha256(model))) return;
  throw new UserError(
    `Expected the file that the manifest ${manifestPath(path)} describes but ${path} is another`,
    {
      remedy: 'Export the model again, or remove the manifest.',
    },
  );
}

async function compare(
  plan: Tf8Plan,
  runtime: Runtime,
  dataset: Dataset,
  { limit, seed }: VerifyOptions,
  context: Context,
  addGolden?: AddGolden,
) {
  const { model } = plan;
  const { input, labelOffset } = model;
  const outputs = exportedOutputs(model);
  const main = outputNode(model);
  const classes = isVector(main.output)
    ? outputs.find(({ node }) => node === main.name)
    : undefined;
  const comparisons = new LayerComparisons([
    ...model.nodes.map(({ name, output }) => ({ name, shape: output.shape })),
    ...outputs.map(({ name, spec }) => ({ name, shape: spec.shape })),
  ]);
  let agreeing = 0;
  const counts = await eachQuantizedImage(
    model,
    dataset,
    { limit, seed, label: `${model.name} in ${runtime.name}`, purpose: 'verify with' },
    context,
    async (name, image) => {
      const theirs = await runtime.run(image);
      const run = plan.run(image);
      const ours = new Map([
        ...run,
        ...outputs.map((each) => [each.name, run.get(each.node)!] as const),
      ]);
      comparisons.add(name, ours, theirs);
      await addGolden?.(name, new Map([[input.name, image], ...run]));
      if (classes !== undefined) {
        const [first, second] = [ours, theirs].map((of) =>
          firstClass(of.get(classes.name)!, labelOffset),
        );
        if (first === second) agreeing++;
      }
    },
  );
  return {
    layers: comparisons.result(),
    ...(comparisons.first && { firstDifference: comparisons.first }),
    ...counts,
    top1Agreement: classes === undefined ? null : (100 * agreeing) / counts.images,
  };
}

/** The likeliest class, the background left out; the first of equals. */
function firstClass(logits: Uint8Array, labelOffset: number): number {
  const classes = Float32Array.from(logits.subarray(labelOffset));
  return topK(classes, 1).indices[0];
}

async function addToManifest(
  file: string,
  manifest: Manifest,
  dataset: Dataset,
  { runtime, images, layers, top1Agreement, profile }: VerifyResult,
): Promise<void> {
  const sum = (field: 'elements' | 'differing') =>
    layers.reduce((total, layer) => total + layer[field], 0);
  await writeManifest(
    file,
    withVerification(manifest, {
      runtime,
      data: `${dataset.name} ${dataset.fingerprint}`,
      images,
      elements: sum('elements'),
      differing: sum('differing'),
      maxDifference: Math.max(...layers.map(({ maxDifference }) => maxDifference)),
      top1Agreement,
      ...(profile !== undefined && { profile }),
    }),
  );
}
