import { createHash } from 'node:crypto';
import { colourRules } from '../charts/style.ts';
import { type Html, Html as HtmlText, html, jsonInScript } from './html.ts';
import type { PageData } from './page_data.ts';
import type { MissingPart } from './section.ts';
import { withCode } from './with_code.ts';

export interface PageContent {
  readonly title: string;
  readonly headline: string | undefined;
  readonly sections: readonly {
    readonly id: string;
    readonly title: string;
    readonly body: Html;
  }[];
  readonly missing: readonly MissingPart[];
  readonly data: PageData;
  readonly script: string;
  readonly style: string;
}

/** What every report begins with, and no other page has. */
export const REPORT_MARK = '<p class="kicker">tf8 report</p>';

/**
 * The report as one HTML file. Its policy lets nothing in from outside and runs the one script that
 * the page was made with: no network, no code from data.
 */
export function reportPage(content: PageContent): string {
  const { title, headline, sections, missing, data, script, style } = content;
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new HtmlText(colourRules())}
${new HtmlText(style)}</style>
</head>
<body>
<header>
${new HtmlText(REPORT_MARK)}
<h1>${title}</h1>
${headline ? html`<p class="headline">${headline}</p>` : undefined}
<nav aria-label="Contents">${sections.map((section) => html`<a href="#${section.id}">${section.title}</a> `)}</nav>
</header>
<main>
${sections.map(
  (section) => html`<section id="${section.id}" aria-labelledby="${section.id}-title">
<h2 id="${section.id}-title">${section.title}</h2>
${section.body}
</section>
`,
)}${
  missing.length > 0
    ? html`<section id="missing" aria-labelledby="missing-title"><h2 id="missing-title">Not in this run</h2>
<ul>${missing.map((part) => html`<li>${part.title}: ${withCode(part.reason)}</li>`)}</ul></section>`
    : undefined
}
</main>
<script type="application/json" id="data">${jsonInScript(data)}</script>
<script>${new HtmlText(script)}</script>
</body>
</html>
`.text;
}
