import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../foundation/files/atomic_file.ts';
import { abandonedPaths, temporaryPath } from '../../foundation/files/temporary_path.ts';
import type { Context } from '../../foundation/reporting/context.ts';
import type { Chart } from '../charts/chart.ts';
import { isOurReport } from '../outputs/our_files.ts';
import { requireOutputFiles } from '../outputs/output_files.ts';
import { requireOwnFolder } from '../outputs/output_folder.ts';
import { figureElement } from './elements.ts';
import { figureFiles, inlineSvg, liveSpec } from './figure.ts';
import type { Html } from './html.ts';
import type { LayersData } from './page_data.ts';
import { pageScript, pageStyle } from './page_script.ts';
import { reportPage } from './report_page.ts';
import type { MissingPart, Section } from './section.ts';

/** How the name of a folder of figures ends that are not all drawn. */
const UNFINISHED = '.tmp';

export interface WrittenReport {
  /** The page. */
  readonly report: string;
  /** Folder of its figures, each as SVG and as PNG. */
  readonly figures: string;
  readonly figureCount: number;
}

/** What a report says, whatever was run. */
export interface ReportContent {
  readonly title: string;
  readonly headline: string | undefined;
  readonly sections: readonly Section[];
  readonly missing: readonly MissingPart[];
  readonly layers: LayersData | undefined;
}

/**
 * Writes `report.html` and the folder `figures` into `dir`. The same content gives the same bytes. An
 * earlier report stays whole until this one is.
 * @param overwrite whether files of these names that tf8 did not write are replaced
 * @throws UserError where the folder cannot be written, or holds files of these names that tf8 did not
 *   write; the signal's reason when aborted
 */
export async function writeContent(
  content: ReportContent,
  dir: string,
  context: Pick<Context, 'reporter' | 'signal'>,
  overwrite = false,
): Promise<WrittenReport> {
  const report = join(dir, 'report.html');
  const figures = join(dir, 'figures');
  await requireOutputFiles([{ path: report, isOurs: isOurReport }], { inputs: [], overwrite });
  await requireOwnFolder(figures, () => isOurReport(report), overwrite);
  const charts = content.sections.flatMap((section) => [
    ...section.figures,
    ...(section.files ?? []),
  ]);
  for (const path of await abandonedPaths(figures, UNFINISHED)) await rm(path, { recursive: true });
  const drawn = temporaryPath(figures, UNFINISHED);
  await mkdir(drawn);
  try {
    await drawCharts(charts, drawn, context);
    const page = await pageOf(content);
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

async function pageOf({
  title,
  headline,
  sections,
  missing,
  layers,
}: ReportContent): Promise<string> {
  const plots: Record<string, object> = {};
  for (const figure of sections.flatMap((section) => section.figures)) {
    plots[figure.name] = await liveSpec(figure);
  }
  return reportPage({
    title,
    headline,
    sections: await Promise.all(sections.map(drawnSection)),
    missing,
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

async function writeFigure(chart: Chart, folder: string): Promise<void> {
  const { svg, png } = await figureFiles(chart);
  await writeFile(join(folder, `${chart.name}.svg`), svg);
  await writeFile(join(folder, `${chart.name}.png`), png);
}
