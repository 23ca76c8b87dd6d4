import type { TopLevelSpec } from 'vega-lite';
import { importOptional } from '../../foundation/optional_package.ts';

/** The figure in words, for those who cannot see it. */
export interface TextAlternative {
  readonly title: string;
  readonly description: string;
}

/**
 * A Vega-Lite specification as an SVG file with a text alternative. It names fonts but holds none;
 * equal specifications give equal bytes.
 */
export async function svgFigure(spec: TopLevelSpec, text: TextAlternative): Promise<string> {
  return withTextAlternative(await svgMarkup(spec), text);
}

/** As `svgFigure`, without the text alternative: for a page that has its own. */
export async function svgMarkup(spec: TopLevelSpec): Promise<string> {
  // Slow to load, and needed once, at the end of a run.
  const vega = await importOptional(() => import('vega'));
  const { compile } = await importOptional(() => import('vega-lite'));
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** Makes the figure one image with a name and a description (WAI-ARIA Graphics, SVG 2 § 5.7). */
function withTextAlternative(svg: string, { title, description }: TextAlternative): string {
  const end = svg.indexOf('>');
  return (
    `${svg.slice(0, end)} role="img" aria-labelledby="title" aria-describedby="description">` +
    `<title id="title">${escapeXml(title)}</title>` +
    `<desc id="description">${escapeXml(description)}</desc>${svg.slice(end + 1)}`
  );
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
