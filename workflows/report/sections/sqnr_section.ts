import type { WordedAnalysis } from '../../records/analysis_record.ts';
import { branchesFigure } from '../figures/branches_figure.ts';
import { causesFigure } from '../figures/causes_figure.ts';
import { logitsFigure, sqnrFigure } from '../figures/sqnr_figures.ts';
import { html } from '../html.ts';
import type { Section } from '../section.ts';

/** Where in the network the noise arises, and from what. */
export function sqnrSection(analysis: WordedAnalysis): Section {
  const branches = branchesFigure(analysis);
  return {
    id: 'sqnr',
    title: 'Where the noise arises',
    figures: [
      sqnrFigure(analysis),
      causesFigure(analysis),
      logitsFigure(analysis),
      ...(branches === undefined ? [] : [branches]),
    ],
    body: ([
      sqnr,
      causes,
      logits,
      picture,
    ]) => html`<p>Signal to quantization noise, 10 · log<sub>10</sub>(Σx² / Σ(x − x̂)²), in decibels: the higher, the better; 6 dB are one bit. Local has exact inputs and one layer in TF8; cumulative has the whole network up to the layer in TF8.</p>
${sqnr}
<p>One cause at a time, all others switched off; no field where nothing is lost.</p>
${causes}
<p>What a layer costs in the end: all is exact but this layer’s weights, or the bytes of its output.</p>
${logits}
${
  picture &&
  html`<p>The network as a picture: an arc for each result that is read again further on, and each layer in the shade of its local SQNR.</p>
${picture}`
}`,
  };
}
