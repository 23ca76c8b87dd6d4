import type { FindingCause } from '../../../quantize/analyze/analysis.ts';
import { percent, short } from '../../charts/format.ts';
import type { WordedAnalysis, WordedFinding } from '../../records/analysis_record.ts';
import { definitions } from '../elements.ts';
import { decibels } from '../figures/decibels.ts';
import { type Html, html } from '../html.ts';
import type { Section } from '../section.ts';
import { withCode } from '../with_code.ts';

const CAUSES: Readonly<Record<FindingCause, string>> = {
  deadChannels: 'channels of zero variance',
  weightRange: 'range of the weights',
  weightQuantization: 'coarse weights',
  saturation: 'saturation',
  rangeTooWide: 'range too wide',
  activationRequantization: 'coarse outputs',
  inputQuantization: 'coarse input',
  relu6Clipping: 'clipping by ReLU6',
  overflowRisk: 'near overflow',
};

/** Layers that are shown at once, of the costliest cause and of another; the others are a click away. */
const FIRST = { costliest: 8, other: 3 };

/** Findings with one cause and one remedy. */
interface Group {
  readonly cause: FindingCause;
  readonly remedy: string;
  readonly findings: WordedFinding[];
}

/** What is wrong, the costliest first, and what to do. */
export function diagnosisSection({ diagnosis, model, images }: WordedAnalysis): Section {
  return {
    id: 'diagnosis',
    title: 'Diagnosis',
    figures: [],
    body: () =>
      diagnosis.length === 0
        ? html`<p class="healthy">${model}, over ${images} images: healthy, no layer loses more than 8 bits must cost.</p>`
        : html`<p>${model}, over ${images} images: the costliest cause first, with what tf8 offers against it and the layers that have it. A percentage is the noise that goes with the cause, by the energy of the logits.</p>
${groupsOf(diagnosis).map(groupElement)}`,
  };
}

/** The diagnosis in one sentence. */
export function diagnosisHeadline({ diagnosis, images }: WordedAnalysis): string {
  const [group] = groupsOf(diagnosis);
  if (group === undefined) return `Quantizes well, as ${images} images show.`;
  const { cause, findings } = group;
  const [{ layer }] = findings as [WordedFinding];
  const where = findings.length === 1 ? layer : `${findings.length} layers, ${layer} first`;
  return `What costs most, over ${images} images: ${CAUSES[cause]} in ${where}.`;
}

/** In the order of the first finding of each. */
function groupsOf(diagnosis: readonly WordedFinding[]): readonly Group[] {
  const groups: Group[] = [];
  for (const finding of diagnosis) {
    const { cause, remedy } = finding;
    const group = groups.find((other) => other.cause === cause && other.remedy === remedy);
    if (group === undefined) groups.push({ cause, remedy, findings: [finding] });
    else group.findings.push(finding);
  }
  return groups;
}

function groupElement({ cause, remedy, findings }: Group, at: number): Html {
  const first = at === 0 ? FIRST.costliest : FIRST.other;
  const more = findings.length - first;
  return html`<article class="finding">
<h3><span class="cause">${CAUSES[cause]}</span> in ${findings.length === 1 ? '1 layer' : `${findings.length} layers`}</h3>
<p class="remedy"><strong>Remedy</strong> ${withCode(remedy)}</p>
${list(findings.slice(0, first), 1)}
${more > 0 ? html`<details><summary>${more} more</summary>${list(findings.slice(first), first + 1)}</details>` : undefined}
</article>`;
}

function list(findings: readonly WordedFinding[], from: number): Html {
  return html`<ol start="${from}">${findings.map(
    ({ layer, cost, explanation, evidence }) => html`<li>
<p><strong>${layer}</strong> ${cost.layer > 0 ? html`<span class="cost">${percent(cost.layer)} %</span>` : undefined}</p>
<p>${explanation}</p>
<details><summary>Evidence</summary>${definitions(
      Object.entries(evidence).map(([name, value]) => [inWords(name), figure(name, value)]),
    )}</details>
</li>`,
  )}</ol>`;
}

function figure(name: string, value: number): string {
  return name.endsWith('Db') ? decibels(value) : short(value);
}

/** "medianLevels" as "median levels"; a unit stands with the figure. */
function inWords(name: string): string {
  return name.replace(/Db$/, '').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
