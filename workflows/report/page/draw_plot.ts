import { parse, type Spec, View } from 'vega';
import { expressionInterpreter } from 'vega-interpreter';
import { showTooltip } from './tooltip.ts';

/** The views that are drawn, by their containers. */
const views = new WeakMap<Element, View>();

/**
 * Draws a plot in the place of what is in `container`, which stays until it is drawn. Expressions are
 * interpreted: the page's policy allows no code from text.
 */
export async function drawPlot(container: HTMLElement, spec: object): Promise<void> {
  const drawing = document.createElement('div');
  drawing.className = 'drawing';
  container.append(drawing);
  const view = new View(parse(spec as Spec, undefined, { ast: true }), {
    renderer: 'svg',
    container: drawing,
    hover: true,
    tooltip: showTooltip,
    expr: expressionInterpreter,
  });
  // A finger that taps makes no pointer move over a mark, which is what Vega waits for.
  view.addEventListener('click', (event, item) =>
    showTooltip(view, event as MouseEvent, item, (item as { tooltip?: unknown } | null)?.tooltip),
  );
  await view.runAsync();
  views.get(container)?.finalize();
  views.set(container, view);
  container.replaceChildren(drawing);
  drawing.className = 'drawn';
}

/** Ends the plots below an element that is about to go. */
export function endPlots(parent: Element): void {
  for (const container of parent.querySelectorAll('.plot')) views.get(container)?.finalize();
}
