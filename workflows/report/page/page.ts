/**
 * The page's script: draws the report's plots again, so that they answer to the pointer and fill the
 * window, and lets the reader pick a layer. Without it the page shows them as they were drawn before.
 */
import type { PageData } from '../page_data.ts';
import { drawPlot } from './draw_plot.ts';
import { showLayers } from './layers.ts';

async function drawPage(): Promise<void> {
  const data = JSON.parse(document.querySelector('#data')!.textContent!) as PageData;
  for (const container of document.querySelectorAll<HTMLElement>('[data-plot]')) {
    await drawPlot(container, data.plots[container.dataset.plot!]!);
  }
  if (data.layers !== undefined) await showLayers(data.layers);
  document.documentElement.dataset.drawn = 'true';
}

void drawPage();
