import { percent } from '../../charts/format.ts';
import {
  PROFILE_HEADER,
  type ProfiledAnalysis,
  profileCaption,
  profileRows,
  profileWords,
} from '../../records/profile_table.ts';
import { tableBox } from '../elements.ts';
import { seriesFigure } from '../figures/series_figure.ts';
import { html } from '../html.ts';
import type { Section } from '../section.ts';

/** What a rule of requantization costs against the default one. */
export function profileSection(analysis: ProfiledAnalysis): Section {
  const { profile } = analysis;
  const { name, layers } = profile;
  const share = (count: 'differingHere' | 'differing') =>
    layers.map((layer) => layer[count] / layer.elements);
  return {
    id: 'profile',
    title: `What the rounding ${name} changes`,
    figures: [
      seriesFigure({
        name: 'profile',
        title: 'Bytes that the rounding changes, by layer',
        description: `Lines over the ${layers.length} layers: the share of bytes that ${name} changes of a layer’s own inputs, and in the whole network up to it.`,
        layers: layers.map(({ layer }) => ({ name: layer })),
        axis: 'bytes (%)',
        format: (value) => `${percent(value / 100)} %`,
        series: [
          {
            label: 'in this layer alone',
            column: 'here',
            values: share('differingHere').map((value) => 100 * value),
          },
          {
            label: 'in the network up to here',
            column: 'up to here',
            values: share('differing').map((value) => 100 * value),
          },
        ],
      }),
    ],
    body: (drawn) => html`<p>${profileWords(analysis)}</p>
${drawn}
${tableBox({ header: PROFILE_HEADER, rows: profileRows(profile) }, { caption: 'Layers by both rules' })}
<p class="note">${profileCaption(profile)}</p>`,
  };
}
