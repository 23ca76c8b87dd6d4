import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { abandonedPaths, temporaryPath } from '../../foundation/files/temporary_path.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Chart } from '../charts/chart.ts';
import { isOurReport } from '../outputs/our_files.ts';
import { requireOutputFiles } from '../outputs/output_files.ts';
import { requireOwnFolder } from '../outputs/output_folder.ts';
import { call } from '../wording.ts';
import { figureElement } from './elements.ts';
import { figureFiles, inlineSvg, liveSpec } from './figure.ts';
import type { Html } from './html.ts';
import { layersData } from './layers_data.ts';
import type { LayersData } from './page_data.ts';
import { pageScript, pageStyle } from './page_script.ts';
import { reportPage } from './report_page.ts';
import type { ReportParts } from './report_parts.ts';
import type { MissingPart, Section } from './section.ts';
import { ablationSection } from './sections/ablation_section.ts';
import { accuracyHeadline, accuracySection } from './sections/accuracy_section.ts';
import {
  clippingSection,
  diagnosisHeadline,
  diagnosisSection,
} from './sections/diagnosis_section.ts';
import { layersSection } from './sections/layers_section.ts';
import { runSection } from './sections/run_section.ts';
import { samplesSection } from './sections/samples_section.ts';
import { sqnrSection } from './sections/sqnr_section.ts';

/** How the name of a folder of figures ends that are not all drawn. */
const UNFINISHED = '.tmp';

export interface WrittenReport {
  /** The page. */
  readonly report: string;
  /** Folder of its figures, each as SVG and as PNG. */
  readonly figures: string;
  readonly figureCount: number;
}

/**
 * Writes `report.html` and the folder `figures` into `dir`. The same parts give the same bytes. An
 * earlier report stays whole until this one is.
 * @param overwrite whether files of these names that tf8 did not write are replaced
 * @throws UserError where the folder cannot be written, or holds files of these names that tf8 did not
 *   write; the signal's reason when aborted
 */
export async function writeReport(
  parts: ReportParts,
  dir: string,
  context: Pick<Context, 'reporter' | 'signal' | 'wording'>,
  overwrite = false,
): Promise<WrittenReport> {
  const report = join(dir, 'report.html');
  const figures = join(dir, 'figures');
  await requireOutputFiles([{ path: report, isOurs: isOurReport }], { inputs: [], overwrite });
  await requireOwnFolder(figures, () => isOurReport(report), overwrite);
  const layers = parts.analysis && (await layersData(parts.analysis));
  const sections = await sectionsOf(parts, layers);
  const charts = sections.flatMap((section) => [...section.figures, ...(section.files ?? [])]);
  for (const path of await abandonedPaths(figures, UNFINISHED)) await rm(path, { recursive: true });
  const drawn = temporaryPath(figures, UNFINISHED);
  await mkdir(drawn);
  try {
    await drawCharts(charts, drawn, context);
    const page = await pageOf(parts, sections, layers, context);
    context.signal.throwIfAborted();
    await rm(figures, { recursive: true, force: true });
    await rename(drawn, figures);
    await writeFileAtomic(report, page);
  } finally {
    await rm(drawn, { recursive: true, force: true });
  }
  return { report, figures, figureCount: charts.length };
}

async function drawCharts(
  charts: readonly Chart[],
  folder: string,
  { reporter, signal }: Pick<Context, 'reporter' | 'signal'>,
): Promise<void> {
  const progress = reporter.start('drawing the report', charts.length, 'figures');
  try {
    for (const [done, chart] of charts.entries()) {
      signal.throwIfAborted();
      await writeFigure(chart, folder);
      progress.update(done + 1);
    }
  } finally {
    progress.end();
  }
}

async function pageOf(
  parts: ReportParts,
  sections: readonly Section[],
  layers: LayersData | undefined,
  context: Pick<Context, 'wording'>,
): Promise<string> {
  const plots: Record<string, object> = {};
  for (const figure of sections.flatMap((section) => section.figures)) {
    plots[figure.name] = await liveSpec(figure);
  }
  return reportPage({
    title: parts.run.name,
    headline: headlineOf(parts),
    sections: await Promise.all(sections.map(drawnSection)),
    missing: missingParts(parts, context),
    data: { plots, ...(layers && { layers }) },
    script: await pageScript(),
    style: await pageStyle(),
  });
}

async function drawnSection({ id, title, figures, body }: Section) {
  const drawn: Html[] = [];
  for (const figure of figures) drawn.push(figureElement(figure, await inlineSvg(figure)));
  return { id, title, body: body(drawn) };
}

async function sectionsOf(
  parts: ReportParts,
  layers: LayersData | undefined,
): Promise<readonly Section[]> {
  const { table, analysis, samples } = parts;
  const clipping = analysis && clippingSection(analysis);
  return [
    ...(table ? [accuracySection(table.rows)] : []),
    ...(analysis ? [diagnosisSection(analysis), sqnrSection(analysis)] : []),
    ...(analysis?.accuracy && 'layers' in analysis.accuracy
      ? [ablationSection(analysis.accuracy)]
      : []),
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

async function writeFigure(chart: Chart, folder: string): Promise<void> {
  const { svg, png } = await figureFiles(chart);
  await writeFile(join(folder, `${chart.name}.svg`), svg);
  await writeFile(join(folder, `${chart.name}.png`), png);
}
