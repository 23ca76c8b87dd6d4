import type { FindingCause } from '../../../quantize/analyze/analysis.ts';
import { percent, short, tenth } from '../../charts/format.ts';
import type { WordedAnalysis, WordedFinding } from '../../records/analysis_record.ts';
import { CAUSE_NAMES, isLoss } from '../../records/cause_names.ts';
import { definitions, tableBox } from '../elements.ts';
import { decibels } from '../figures/decibels.ts';
import { type Html, html } from '../html.ts';
import type { Section } from '../section.ts';
import { withCode } from '../with_code.ts';

/** Layers that are shown at once, of the costliest cause and of another; the others are a click away. */
const FIRST = { costliest: 8, other: 3 };

/** Findings with one cause and one remedy. */
interface Group {
  readonly cause: FindingCause;
  readonly remedy: string;
  readonly commands: readonly string[];
  readonly findings: WordedFinding[];
}

/** What is wrong, the costliest first, and what to do. */
export function diagnosisSection(analysis: WordedAnalysis): Section {
  const { diagnosis, model, images } = analysis;
  const losses = diagnosis.filter(isLoss);
  return {
    id: 'diagnosis',
    title: 'Diagnosis',
    figures: [],
    body: () => html`${outcomeTable(analysis)}
${
  losses.length === 0
    ? html`<p class="healthy">${model}, over ${images} images: healthy, no layer loses more than 8 bits must cost.</p>`
    : html`<p>${model}, over ${images} images: the costliest cause first, with what tf8 offers against it and the layers that have it. A percentage is the noise that goes with the cause, by the energy of the logits.</p>
${groupsOf(losses).map(groupElement)}`
}`,
  };
}

/** What ReLU6 clips: no loss of TF8, since the float network clips alike. Undefined where it clips next to nothing. */
export function clippingSection({ diagnosis, images }: WordedAnalysis): Section | undefined {
  const clipped = diagnosis.filter((finding) => !isLoss(finding));
  if (clipped.length === 0) return undefined;
  return {
    id: 'clipping',
    title: 'What ReLU6 clips',
    figures: [],
    body: () => html`<p>Over ${images} images, in the float network as in TF8: no loss of 8 bits, and on no scale with what is. A percentage of the energy is by what ReLU would leave.</p>
${tableBox(
  {
    header: ['layer', 'outputs cut', 'greatest output', 'energy cut'],
    rows: clipped.map(({ layer, evidence }) => [
      layer,
      `${percent(evidence.clippedShare)} %`,
      short(evidence.linearMax),
      `${percent(evidence.clippedEnergyShare)} %`,
    ]),
  },
  { caption: 'What ReLU6 clips' },
)}
${groupsOf(clipped).map(remedyElement)}`,
  };
}

/** How much TF8 loses in all: accuracy where the classes are known, and how often both agree. */
function outcomeTable({ accuracy, agreement }: WordedAnalysis): Html | undefined {
  const rows = [
    ...(accuracy
      ? [
          ['top-1 in float', `${tenth(accuracy.float.top1)} %`],
          ['top-1 in TF8', `${tenth(accuracy.tf8.top1)} %`],
          ['top-5 in float', `${tenth(accuracy.float.top5)} %`],
          ['top-5 in TF8', `${tenth(accuracy.tf8.top5)} %`],
        ]
      : []),
    ...(agreement
      ? [['same first class in both', `${agreement.agreeing} of ${agreement.images} images`]]
      : []),
  ] as [string, string][];
  return rows.length === 0 ? undefined : definitions(rows);
}

/** The verdict; of an older record, the costliest cause. */
export function diagnosisHeadline({ verdict, diagnosis: all, images }: WordedAnalysis): string {
  if (verdict !== undefined) return `${verdict}.`;
  const diagnosis = all.filter(isLoss);
  const [group] = groupsOf(diagnosis);
  if (group === undefined) return `Quantizes well, as ${images} images show.`;
  const { cause, findings } = group;
  const [{ layer }] = findings as [WordedFinding];
  const where = findings.length === 1 ? layer : `${findings.length} layers, ${layer} first`;
  return `What costs most, over ${images} images: ${CAUSE_NAMES[cause]} in ${where}.`;
}

/** In the order of the first finding of each. */
function groupsOf(diagnosis: readonly WordedFinding[]): readonly Group[] {
  const groups: Group[] = [];
  for (const finding of diagnosis) {
    const { cause, remedy, commands = [] } = finding;
    const group = groups.find((other) => other.cause === cause && other.remedy === remedy);
    if (group === undefined) groups.push({ cause, remedy, commands, findings: [finding] });
    else group.findings.push(finding);
  }
  return groups;
}

function remedyElement({ remedy, commands }: Group): Html {
  return html`<p class="remedy"><strong>Remedy</strong> ${withCode(remedy)}</p>
${commands.map((command) => html`<pre tabindex="0"><code>${command}</code></pre>`)}`;
}

function groupElement(group: Group, at: number): Html {
  const { cause, findings } = group;
  const first = at === 0 ? FIRST.costliest : FIRST.other;
  const more = findings.length - first;
  return html`<article class="finding">
<h3><span class="cause">${CAUSE_NAMES[cause]}</span> in ${findings.length === 1 ? '1 layer' : `${findings.length} layers`}</h3>
${remedyElement(group)}
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
