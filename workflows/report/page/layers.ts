import {
  type LayerData,
  type LayerPlot,
  type LayersData,
  rowsOf,
  type Value,
} from '../page_data.ts';
import { drawPlot, endPlots } from './draw_plot.ts';

const find = <T extends HTMLElement>(selector: string): T => document.querySelector<T>(selector)!;

/** Shows one layer at a time: the one that the reader picks. */
export async function showLayers({ specs, pages }: LayersData): Promise<void> {
  const pick = find<HTMLSelectElement>('#pick');
  const steps = [
    { button: find<HTMLButtonElement>('#previous'), by: -1 },
    { button: find<HTMLButtonElement>('#next'), by: 1 },
  ];
  const show = async (at: number) => {
    pick.value = String(at);
    for (const { button, by } of steps) button.disabled = pages[at + by] === undefined;
    await showLayer(pages[at]!, specs);
  };
  pick.addEventListener('change', () => void show(Number(pick.value)));
  for (const { button, by } of steps) {
    button.addEventListener('click', () => void show(Number(pick.value) + by));
  }
  find('.picker').hidden = false;
  find('#layer-tables').hidden = false;
  await show(Number(find('#layer').dataset.shown));
}

async function showLayer(layer: LayerData, specs: LayersData['specs']): Promise<void> {
  find('#layer-name').textContent = layer.layer;
  find('#layer-facts').replaceChildren(factsOf(layer));
  find('#layer-files').replaceChildren(
    ...['svg', 'png'].flatMap((type) => [linkTo(`figures/${layer.file}.${type}`, type), ' ']),
  );
  const [summary] = find('#layer-tables').children;
  find('#layer-tables').replaceChildren(summary!, ...layer.plots.map(tableOf));
  const plots = find('#layer-plots');
  endPlots(plots);
  const containers = layer.plots.map((plot) => {
    const container = made('div', '');
    container.className = 'plot';
    container.setAttribute('role', 'img');
    container.setAttribute('aria-label', `${plot.title}. ${plot.description}`);
    return container;
  });
  plots.replaceChildren(
    ...layer.plots.map(({ title }, at) => {
      const part = made('div', '');
      part.append(made('h4', title), containers[at]!);
      return part;
    }),
  );
  for (const [at, plot] of layer.plots.entries()) {
    if (!containers[at]!.isConnected) return; // another layer was picked meanwhile
    await drawPlot(containers[at]!, withData(specs[plot.kind]!, plot));
  }
}

interface SpecWithData {
  readonly data: readonly { readonly name: string }[];
}

function withData(spec: object, { datasets }: LayerPlot): object {
  const data = (spec as SpecWithData).data.map((source) => {
    const columns = datasets[source.name];
    return columns === undefined ? source : { ...source, values: rowsOf(columns) };
  });
  return { ...spec, data };
}

function factsOf({ facts }: LayerData): HTMLElement {
  const list = made('dl', '');
  for (const [name, value] of facts) {
    const pair = made('div', '');
    pair.append(made('dt', name), made('dd', value));
    list.append(pair);
  }
  return list;
}

function tableOf({ title, datasets }: LayerPlot): HTMLElement {
  const [columns] = Object.values(datasets);
  const rowOf = (tag: string, cells: readonly Value[]) => {
    const row = made('tr', '');
    row.append(...cells.map((cell) => made(tag, cell === null ? '' : String(cell))));
    return row;
  };
  const table = made('table', '');
  table.append(
    made('caption', title),
    rowOf('th', Object.keys(columns!)),
    ...rowsOf(columns!).map((row) => rowOf('td', Object.values(row))),
  );
  const box = made('div', '');
  box.className = 'scroll tall';
  box.tabIndex = 0;
  box.append(table);
  return box;
}

function linkTo(href: string, type: string): HTMLElement {
  const link = made('a', type.toUpperCase());
  link.setAttribute('href', href);
  return link;
}

function made(tag: string, text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
