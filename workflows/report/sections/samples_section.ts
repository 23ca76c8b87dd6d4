import { tenth } from '../../charts/format.ts';
import type { Sample, Samples } from '../../records/samples.ts';
import { type Html, html } from '../html.ts';
import type { Section } from '../section.ts';

/** Images with both lists of the likeliest classes, and pictures of the outputs that are images. */
export function samplesSection({ selection, images }: Samples): Section {
  const hasClasses = images.some(({ tf8 }) => tf8.length > 0);
  const hasPictures = images.some(({ pictures }) => pictures !== undefined);
  return {
    id: 'images',
    title: 'What the network sees',
    figures: [],
    body: () =>
      html`${
        hasClasses || !hasPictures
          ? html`<p>The five likeliest classes in float and in TF8 for ${selection}. Bold is the image’s own class.</p>
`
          : undefined
      }${
        hasPictures
          ? html`<p>${picturesText(hasClasses ? 'the same images' : selection)}</p>
`
          : undefined
      }<div class="samples">${images.map(sampleElement)}</div>`,
  };
}

function picturesText(selection: string): string {
  return `The outputs that are images, in float and in TF8, for ${selection}. After the image: at each place the greatest channel, where there are several, each in a colour of its own; then the channels, in the same shades in both.`;
}

function sampleElement({ image, label, jpeg, float, tf8, pictures = [] }: Sample): Html {
  return html`<article>
<img src="data:image/jpeg;base64,${jpeg}" alt="${label ?? image}, as the network sees it">
<div>${label === undefined ? html`<h3>${image}</h3>` : html`<h3>${shortName(label)}</h3><p class="note">${image}</p>`}
${
  float.length > 0
    ? html`<div class="lists">${guesses('float', float, label)}${guesses('TF8', tf8, label)}</div>`
    : undefined
}${pictures.map(pictureElements)}</div>
</article>`;
}

function pictureElements({ output, float, tf8 }: NonNullable<Sample['pictures']>[number]): Html {
  return html`<div class="lists">${[['float', float] as const, ['TF8', tf8] as const].map(
    ([title, png]) =>
      html`<figure><img src="data:image/png;base64,${png}" alt="${output} in ${title}"><figcaption class="note">${output}, ${title}</figcaption></figure>`,
  )}</div>`;
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
