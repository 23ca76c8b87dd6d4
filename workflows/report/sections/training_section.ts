import { formatSeconds } from '../../../foundation/reporting/amounts.ts';
import type { Metrics } from '../../../training/watch/metrics_file.ts';
import type { Chart } from '../../charts/chart.ts';
import { short, tenth } from '../../charts/format.ts';
import { fileLinks, keyElement, tableBox } from '../elements.ts';
import { inlineSvg, type KeyEntry } from '../figure.ts';
import { Html, html } from '../html.ts';
import type { Section } from '../section.ts';

const KEY: readonly KeyEntry[] = [
  { label: 'training, as measured (pale) and smoothed', colour: 'blue', shape: 'square' },
  { label: 'images held out, after each epoch', colour: 'vermilion', shape: 'circle' },
];

/** Loss, accuracy and learning rate over the steps, and every epoch in a row. */
export async function trainingSection({ epochs }: Metrics, curve: Chart): Promise<Section> {
  const svg = await inlineSvg(curve);
  const isValidated = epochs.some(({ validation }) => validation !== undefined);
  return {
    id: 'training',
    title: 'How it went',
    figures: [],
    files: [curve],
    body: () => html`<figure id="figure-${curve.name}">
<figcaption>${curve.title}</figcaption>
${keyElement(isValidated ? KEY : KEY.slice(0, 1))}
<div class="plot static" role="img" aria-label="${curve.title}. ${curve.description}">${new Html(svg)}</div>
<div class="fineprint"><span>${fileLinks(curve.name)}</span></div>
</figure>
${epochs.length > 0 ? epochTable(epochs, isValidated) : undefined}`,
  };
}

function epochTable(epochs: Metrics['epochs'], isValidated: boolean): Html {
  const measured = isValidated ? ['loss, held out', 'top-1 %', 'top-5 %'] : [];
  return tableBox(
    {
      header: ['epoch', 'steps', 'loss', 'accuracy %', ...measured, 'time'],
      rows: epochs.map(({ epoch, step, loss, accuracy, validation, time }) => [
        String(epoch),
        String(step),
        short(loss),
        tenth(accuracy),
        ...(isValidated
          ? validation === undefined
            ? ['–', '–', '–']
            : [short(validation.loss), tenth(validation.top1), tenth(validation.top5)]
          : []),
        formatSeconds(time.trainedSeconds),
      ]),
    },
    { caption: 'Every epoch' },
  );
}

/** What the training came to, in a sentence. */
export function trainingHeadline({ steps, epochs }: Metrics): string {
  const validated = epochs.filter(({ validation }) => Number.isFinite(validation?.top1));
  if (validated.length === 0) {
    const last = epochs.at(-1) ?? steps.at(-1)!;
    return `After ${last.step} steps the loss is ${short(last.loss)} nats and the accuracy ${tenth(last.accuracy)} %, on training images.`;
  }
  const best = validated.reduce((a, b) => (b.validation!.top1 > a.validation!.top1 ? b : a));
  const last = validated.at(-1)!;
  return `Top-1 on images held out: ${tenth(last.validation!.top1)} % after epoch ${last.epoch}, ${tenth(best.validation!.top1)} % at best, after epoch ${best.epoch}.`;
}
