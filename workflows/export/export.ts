import { basename } from 'node:path';
import { isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { sha256OfBytes } from '../../foundation/hashes/sha256.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { ExportSource } from '../../quantize/export/export_format.ts';
import { exportFormat } from '../../quantize/export/formats.ts';
import { exportManifest } from '../../quantize/export/manifest.ts';
import { encodeTf8 } from '../../quantize/model/tf8_file.ts';
import { openModel } from '../open/open_model.ts';
import { isOurExport, isOurManifest } from '../outputs/our_files.ts';
import { requireOutputFiles } from '../outputs/output_files.ts';
import {
  CONVERSION_DEFAULTS,
  type ConversionOptions,
  warnOfConversionOptions,
} from '../quantize/conversion.ts';
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
}

export interface ExportResult {
  readonly format: string;
  /** The first is `out` itself. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly manifest: string;
  readonly layers: number;
  /** Of the TF8 file that the export carries. */
  readonly tf8Sha256: string;
}

/**
 * Writes a model in another program's format, and a manifest beside it. A float model becomes a TF8
 * model first, as `tf8 quantize` makes it.
 * @throws UserError where `out` cannot be written, or the model or the images cannot be opened;
 *   QuantizationError for a format that is not known, and naming what it cannot express
 */
export async function exportModel(options: ExportOptions, context: Context): Promise<ExportResult> {
  const { out } = options;
  const format = exportFormat(options.format);
  await requireOutputFiles(
    [
      ...format.suffixes.map((suffix) => ({ path: `${out}${suffix}`, isOurs: isOurExport(out) })),
      { path: manifestPath(out), isOurs: isOurManifest(out) },
    ],
    {
      inputs: [options.model],
      data: [options.calibrationData],
      overwrite: options.overwrite,
    },
  );
  const { model, floatWeights } = await quantizedModel(options, context);
  if (format.usesFloatWeights && floatWeights === undefined) {
    context.reporter.warn(
      `${options.model} has no float weights: only the parameters are exported; pass the float model for both`,
    );
  }
  const tf8 = await encodeTf8(model);
  const source = { model, tf8, fileName: basename(out), ...(floatWeights && { floatWeights }) };
  const files = format
    .encode(source)
    .map(({ suffix, bytes }) => ({ path: `${out}${suffix}`, bytes }));
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
  return {
    format: format.name,
    files: files.map(({ path, bytes }) => ({ path, bytes: bytes.length })),
    manifest: manifestPath(out),
    layers: model.nodes.length,
    tf8Sha256,
  };
}

async function quantizedModel(
  options: ExportOptions,
  context: Context,
): Promise<Pick<ExportSource, 'model' | 'floatWeights'>> {
  const opened = await openModel(options.model, context, options);
  if (opened.kind === 'tf8') {
    warnOfConversionOptions(opened, options, context.reporter);
    return { model: opened.model };
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
    const { zeroVariance = CONVERSION_DEFAULTS.zeroVariance } = options;
    const { model, graph } = await quantizeModel(opened, zeroVariance, source, context);
    const weighted = graph.nodes.filter(isWeightedFloat);
    return { model, floatWeights: new Map(weighted.map((node) => [node.name, node])) };
  } finally {
    opened.dispose();
  }
}
