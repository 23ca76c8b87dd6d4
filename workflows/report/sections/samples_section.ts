import { tenth } from '../../charts/format.ts';
import type { Sample, Samples } from '../../records/samples.ts';
import { type Html, html } from '../html.ts';
import type { Section } from '../section.ts';

/** Images with both lists of the likeliest classes. */
export function samplesSection({ selection, images }: Samples): Section {
  return {
    id: 'images',
    title: 'What the network sees',
    figures: [],
    body: () => html`<p>The five likeliest classes in float and in TF8 for ${selection}. Bold is the image’s own class.</p>
<div class="samples">${images.map(sampleElement)}</div>`,
  };
}

function sampleElement({ image, label, jpeg, float, tf8 }: Sample): Html {
  return html`<article>
<img src="data:image/jpeg;base64,${jpeg}" alt="${label ?? image}, as the network sees it">
<div>${label === undefined ? html`<h3>${image}</h3>` : html`<h3>${shortName(label)}</h3><p class="note">${image}</p>`}
<div class="lists">${guesses('float', float, label)}${guesses('TF8', tf8, label)}</div></div>
</article>`;
}

/** ImageNet's classes have several names: the first, with all of them behind it. */
function shortName(name: string): Html {
  const [first] = name.split(', ');
  return first === name ? html`${name}` : html`<span title="${name}">${first}</span>`;
}

/** A probability in percent; a list has no room for more digits. */
function likelihood(probability: number): string {
  return probability < 0.001 ? '< 0.1 %' : `${tenth(100 * probability)} %`;
}

function guesses(title: string, list: Sample['float'], label: string | undefined): Html {
  return html`<table class="guesses"><caption>${title}</caption><tbody>${list.map(
    ({ name, probability }) =>
      html`<tr><th scope="row">${name === label ? html`<b>${shortName(name)}</b>` : shortName(name)}</th><td class="number">${likelihood(probability)}</td><td class="bar"><svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width="${100 * probability}" height="8"/></svg></td></tr>`,
  )}</tbody></table>`;
}
