import { percent, short } from '../../charts/format.ts';
import type { WordedAnalysis } from '../../records/analysis_record.ts';
import { isLoss } from '../../records/cause_names.ts';
import { definitions, fileLinks, keyElement, tableBox } from '../elements.ts';
import { inlineSvg } from '../figure.ts';
import { decibels } from '../figures/decibels.ts';
import { CHANNEL_KEY } from '../figures/layer_figures.ts';
import { Html, html } from '../html.ts';
import { zeroVariance } from '../layer_facts.ts';
import { layerSheet } from '../layer_sheet.ts';
import type { LayersData } from '../page_data.ts';
import type { Section } from '../section.ts';

/** Every layer in a row. */
function layerTable({ layers }: WordedAnalysis): Html {
  const header = [
    'layer',
    'local',
    'cumulative',
    'zero variance',
    'levels',
    'range in use',
    'codes in use',
    'scale',
    'zero point',
    'headroom',
  ];
  const rows = layers.map((layer) => {
    const { name, localSqnrDb, cumulativeSqnrDb, weights, output } = layer;
    return [
      name,
      decibels(localSqnrDb),
      decibels(cumulativeSqnrDb),
      zeroVariance(layer),
      weights ? short(weights.channels.medianLevels) : '–',
      `${percent(output.rangeInUse)} %`,
      `${percent(output.codesInUse)} %`,
      short(output.quantization.scale),
      String(output.quantization.zeroPoint),
      weights ? `${short(weights.accumulator.headroomBits)} bits` : '–',
    ];
  });
  return tableBox({ header, rows }, { caption: 'Every layer' });
}

/** One layer at a time, which the reader picks; the first is the costliest. */
export async function layersSection(
  analysis: WordedAnalysis,
  { pages }: LayersData,
): Promise<Section> {
  const { layers } = analysis;
  const sheets = layers.map((layer, at) => layerSheet(layer, pages[at].file));
  const shown = costliest(analysis);
  const { layer, file, facts } = pages[shown];
  const svg = await inlineSvg(sheets[shown]);
  return {
    id: 'layers',
    title: 'Layer by layer',
    figures: [],
    files: sheets,
    body: () => html`<p>A bar of a histogram is as wide as a step of the 8-bit grid, whose 256 values are the ticks below it. Heights have a square-root scale, so that rare values show.</p>
<div id="layer" data-shown="${shown}">
<noscript><p class="note">Without scripts one layer is shown here; the others are in the folder <code>figures</code> beside this page: ${pages.map((page) => html`<a href="figures/${page.file}.svg">${page.layer}</a> `)}</p></noscript>
<div class="picker" hidden><button type="button" id="previous" aria-label="previous layer">‹</button><label>Layer <select id="pick">${pages.map((page, at) => html`<option value="${at}">${page.layer}</option>`)}</select></label><button type="button" id="next" aria-label="next layer">›</button></div>
<figure id="figure-layer">
<figcaption id="layer-name">${layer}</figcaption>
<div id="layer-facts">${definitions(facts)}</div>
<div class="channels">Channels: ${keyElement(CHANNEL_KEY)}</div>
<div class="plots" id="layer-plots"><div class="plot static" role="img" aria-label="The plots of ${layer}">${new Html(svg)}</div></div>
<div class="fineprint"><details id="layer-tables" hidden><summary>Figures as a table</summary></details><span id="layer-files">${fileLinks(file)}</span></div>
</figure>
</div>
<details><summary>Every layer as a table</summary>${layerTable(analysis)}</details>`,
  };
}

/** Of the first finding, else of the lowest local SQNR. */
function costliest({ layers, diagnosis }: WordedAnalysis): number {
  const found = layers.findIndex(({ name }) => name === diagnosis.find(isLoss)?.layer);
  if (found >= 0) return found;
  return layers.reduce((a, { localSqnrDb }, b) => (localSqnrDb < layers[a].localSqnrDb ? b : a), 0);
}
