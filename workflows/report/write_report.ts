import type { Context } from '../../foundation/reporting/context.ts';
import { call } from '../wording.ts';
import { layersData } from './layers_data.ts';
import type { LayersData } from './page_data.ts';
import type { ReportParts } from './report_parts.ts';
import type { MissingPart, Section } from './section.ts';
import { ablationSection } from './sections/ablation_section.ts';
import { accuracyHeadline, accuracySection } from './sections/accuracy_section.ts';
import { comparisonSection } from './sections/comparison_section.ts';
import {
  clippingSection,
  diagnosisHeadline,
  diagnosisSection,
} from './sections/diagnosis_section.ts';
import { layersSection } from './sections/layers_section.ts';
import { profileSection } from './sections/profile_section.ts';
import { runSection } from './sections/run_section.ts';
import { samplesSection } from './sections/samples_section.ts';
import { sqnrSection } from './sections/sqnr_section.ts';
import { type WrittenReport, writeContent } from './write_content.ts';

/**
 * Writes the page of a run with its figures into `dir` (`writeContent`). The same parts give the same
 * bytes.
 * @param overwrite whether files of these names that tf8 did not write are replaced
 * @throws what `writeContent` throws
 */
export async function writeReport(
  parts: ReportParts,
  dir: string,
  context: Pick<Context, 'reporter' | 'signal' | 'wording'>,
  overwrite = false,
): Promise<WrittenReport> {
  const layers = parts.analysis && (await layersData(parts.analysis));
  const content = {
    title: parts.run.name,
    headline: headlineOf(parts),
    sections: await sectionsOf(parts, layers),
    missing: missingParts(parts, context),
    layers,
  };
  return writeContent(content, dir, context, overwrite);
}

async function sectionsOf(
  parts: ReportParts,
  layers: LayersData | undefined,
): Promise<readonly Section[]> {
  const { table, analysis, comparison, samples } = parts;
  const clipping = analysis && clippingSection(analysis);
  return [
    ...(table ? [accuracySection(table.rows)] : []),
    ...(comparison ? [comparisonSection(comparison)] : []),
    ...(analysis ? [diagnosisSection(analysis), sqnrSection(analysis)] : []),
    ...(analysis?.accuracy && 'layers' in analysis.accuracy
      ? [ablationSection(analysis.accuracy)]
      : []),
    ...(analysis?.profile ? [profileSection({ ...analysis, profile: analysis.profile })] : []),
    ...(clipping ? [clipping] : []),
    ...(analysis && layers ? [await layersSection(analysis, layers)] : []),
    ...(samples ? [samplesSection(samples)] : []),
    runSection(parts),
  ];
}

/** What the report says of each part that a run may lack. */
const MISSING = {
  table: {
    title: 'Accuracies beside the paper’s',
    reason: `this run made no table; ${call('reproduce')} makes one.`,
  },
  analysis: {
    title: 'Diagnosis, SQNR by layer and by cause, histograms and α',
    reason: `this run looked at no layers; ${call('analyze', { model: 'MODEL' })} does.`,
  },
  samples: {
    title: 'Images with their likeliest classes',
    reason: `this run kept none; ${call('analyze', { model: 'MODEL' })} keeps some.`,
  },
} as const satisfies Partial<Record<keyof ReportParts, MissingPart>>;

function missingParts(
  parts: ReportParts,
  { wording = (message) => message }: Pick<Context, 'wording'>,
): MissingPart[] {
  const names = Object.keys(MISSING) as (keyof typeof MISSING)[];
  return names
    .filter((name) => parts[name] === undefined)
    .map((name) => ({ ...MISSING[name], reason: wording(MISSING[name].reason) }));
}

function headlineOf({ table, analysis }: ReportParts): string | undefined {
  const sentences = [
    table && accuracyHeadline(table.rows),
    analysis && diagnosisHeadline(analysis),
  ].filter((sentence) => sentence !== undefined);
  return sentences.length === 0 ? undefined : sentences.join(' ');
}
