import { basename, dirname, extname, join } from 'node:path';
import { isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import type { CArithmetic } from '../../quantize/export/c/kernels.ts';
import { type ChipMemory, chipMemory, cNetwork } from '../../quantize/export/c/network.ts';
import type { ExportSource } from '../../quantize/export/export_format.ts';
import { exportFormat } from '../../quantize/export/formats.ts';
import { exportManifest } from '../../quantize/export/manifest.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { roundingOf, type Tf8Model, withRounding } from '../../quantize/model/tf8_model.ts';
import { requireGoldenFolder, writeGolden } from '../golden/golden_folder.ts';
import { openImages } from '../open/open_data.ts';
import { openModel } from '../open/open_model.ts';
import { openPlan } from '../open/open_plan.ts';
import { eachQuantizedImage } from '../open/quantized_images.ts';
import { tf8Facts } from '../open/tf8_facts.ts';
import { isOurExport, isOurManifest } from '../outputs/our_files.ts';
import { requireOutputFiles } from '../outputs/output_files.ts';
import { chooseRecipe } from '../quantize/choose_recipe.ts';
import { type ConversionOptions, warnOfConversionOptions } from '../quantize/conversion.ts';
import { otherRounding } from '../verify/explain_difference.ts';
import { manifestPath, writeManifest } from './export_manifest.ts';

export interface ExportOptions extends ConversionOptions {
  readonly model: string;
  readonly format: string;
  /** The model's own unless given. */
  readonly dataset?: string | undefined;
  readonly out: string;
  /** Whether files that tf8 did not write are replaced. */
  readonly overwrite?: boolean | undefined;
  readonly seed: number;
  /** In front of every name of a library of C; made of the file's name unless given. */
  readonly prefix?: string | undefined;
  /** How a library of C requantizes, 'float' unless given; both give the same bytes. */
  readonly arithmetic?: CArithmetic | undefined;
  /** Images whose golden vectors are stored beside the export; none unless given. */
  readonly golden?: number | undefined;
  /** Folder of those images; the one of the calibration unless given, or the data set's own. */
  readonly data?: string | undefined;
}

export interface ExportResult {
  readonly format: string;
  /** The first is `out` itself. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly manifest: string;
  readonly layers: number;
  /** Of the TF8 file that the export carries. */
  readonly tf8Sha256: string;
  /** What the network takes of a microcontroller as a C library. */
  readonly memory?: ChipMemory;
  /** Folder of the golden vectors. */
  readonly golden?: string;
}

/**
 * Writes a model in another program's format, and a manifest beside it. A float model becomes a TF8
 * model first, as `tf8 quantize` makes it.
 * @throws UserError where `out` cannot be written, or the model or the images cannot be opened;
 *   QuantizationError for a format that is not known, and naming what it cannot express
 */
export async function exportModel(options: ExportOptions, context: Context): Promise<ExportResult> {
  const { out, prefix, arithmetic } = options;
  const beside = (name: string) => (basename(out) === out ? name : join(dirname(out), name));
  const format = exportFormat(options.format);
  const recipe = await chooseRecipe(options);
  await requireOutputFiles(
    [
      ...format
        .fileNames(basename(out))
        .map((name) => ({ path: beside(name), isOurs: isOurExport(out) })),
      { path: manifestPath(out), isOurs: isOurManifest(out) },
    ],
    {
      inputs: [options.model],
      data: [options.calibrationData],
      overwrite: options.overwrite,
    },
  );
  const goldenFolder = options.golden === undefined ? undefined : `${exportStem(out)}_golden`;
  if (goldenFolder !== undefined) await requireGoldenFolder(goldenFolder, options.overwrite);
  const { model, floatWeights } = await quantizedModel(options, recipe, context);
  if (format.usesFloatWeights && floatWeights === undefined) {
    context.reporter.warn(
      `${options.model} has no float weights: only the parameters are exported; pass the float model for both`,
    );
  }
  const otherwise = otherRounding(format.name, roundingOf(model));
  if (otherwise !== undefined) context.reporter.warn(otherwise);
  const tf8 = await encodeTf8(model);
  const source = {
    model,
    tf8,
    fileName: basename(out),
    c: { ...(prefix !== undefined && { prefix }), ...(arithmetic && { arithmetic }) },
    ...(floatWeights && { floatWeights }),
  };
  const files = format.encode(source).map(({ name, bytes }) => ({ path: beside(name), bytes }));
  const tf8Sha256 = sha256OfBytes(tf8);
  const manifest = exportManifest(
    model,
    tf8Sha256,
    format.name,
    files.map(({ path, bytes }) => ({
      name: basename(path),
      bytes: bytes.length,
      sha256: sha256OfBytes(bytes),
    })),
  );
  for (const { path, bytes } of files) await writeFileAtomic(path, bytes);
  await writeManifest(out, manifest);
  if (goldenFolder !== undefined) await storeGolden(goldenFolder, model, options, context);
  return {
    format: format.name,
    files: files.map(({ path, bytes }) => ({ path, bytes: bytes.length })),
    manifest: manifestPath(out),
    layers: model.nodes.length,
    tf8Sha256,
    ...(format.name === 'c' && {
      memory: chipMemory(cNetwork(model, 'net', arithmetic ?? 'float')),
    }),
    ...(goldenFolder !== undefined && { golden: goldenFolder }),
  };
}

/** The name of an export without its ending. */
function exportStem(out: string): string {
  return out.slice(0, out.length - extname(out).length);
}

async function storeGolden(
  folder: string,
  model: Tf8Model,
  { golden, dataset, data, calibrationData, seed }: ExportOptions,
  context: Context,
): Promise<void> {
  const request = { dataset, dir: data ?? calibrationData, option: 'data' } as const;
  const images = await openImages(tf8Facts(model).dataset, request, context);
  const outputs = model.nodes.map(({ name }) => name);
  using plan = openPlan(model, { tier: 'auto', outputs }, context.reporter);
  await writeGolden(folder, model, (add) =>
    eachQuantizedImage(
      model,
      images,
      { limit: golden!, seed, label: 'golden vectors', purpose: 'make golden vectors of' },
      context,
      (name, image) => add(name, new Map([[model.input.name, image], ...plan.run(image)])),
    ),
  );
}

async function quantizedModel(
  options: ExportOptions,
  recipe: Recipe,
  context: Context,
): Promise<Pick<ExportSource, 'model' | 'floatWeights'>> {
  const opened = await openModel(options.model, context, options);
  if (opened.kind === 'tf8') {
    warnOfConversionOptions(opened, options, context.reporter);
    const { model } = opened;
    return { model: options.profile === undefined ? model : withRounding(model, options.profile) };
  }
  const { calibrationOf, calibrationSource, quantizeModel } = await import(
    '../quantize/quantize.ts'
  );
  try {
    const source = await calibrationSource(
      calibrationOf(options, opened.facts.dataset),
      undefined,
      context,
    );
    const { model, graph } = await quantizeModel(opened, recipe, source, context);
    const weighted = graph.nodes.filter(isWeightedFloat);
    return { model, floatWeights: new Map(weighted.map((node) => [node.name, node])) };
  } finally {
    opened.dispose();
  }
}
