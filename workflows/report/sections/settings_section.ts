import { formatSeconds } from '../../../foundation/reporting/amounts.ts';
import type { TrainingRecord } from '../../records/training_record.ts';
import { definitions } from '../elements.ts';
import { html } from '../html.ts';
import type { Section } from '../section.ts';

/** What a training was told, as far as its network says. */
export function settingsSection({ metrics, card }: TrainingRecord): Section {
  const last = [...metrics.steps, ...metrics.epochs].reduce((a, b) => (b.step > a.step ? b : a));
  const { recipe, epochs: _, best: __, ...training } = card?.training ?? {};
  const facts: [string, string][] = [
    ...(card
      ? ([
          ['network', card.origin.source],
          ['data set', card.dataset],
          ['classes', String(card.classNames.length)],
          ['weights, SHA-256', card.weightsSha256],
        ] as [string, string][])
      : []),
    ...Object.entries(training).map(
      ([name, value]) => [inWords(name), shown(value)] as [string, string],
    ),
    ['steps done', String(last.step)],
    ['time', formatSeconds(last.time.trainedSeconds)],
  ];
  return {
    id: 'settings',
    title: 'What was trained',
    figures: [],
    body: () => html`${definitions(facts)}
${card ? html`<details open><summary>Architecture</summary><pre tabindex="0"><code>${json(card.architecture)}</code></pre></details>` : undefined}
${recipe ? html`<details open><summary>Recipe</summary><pre tabindex="0"><code>${json(recipe)}</code></pre></details>` : undefined}`,
  };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

/** "validationImages" as "validation images". */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
