/** Distance from the pointer, in pixels. */
const GAP = 14;

const box = document.createElement('div');
box.id = 'tooltip';
box.hidden = true;
document.body.append(box);

/** Vega's handler of tooltips: the fields of the mark under the pointer, as text. */
export function showTooltip(
  _view: unknown,
  event: MouseEvent,
  _item: unknown,
  value: unknown,
): void {
  if (value === null || typeof value !== 'object') {
    box.hidden = true;
    return;
  }
  box.replaceChildren(
    ...Object.entries(value).flatMap(([name, text]) => [
      element('dt', name),
      element('dd', String(text)),
    ]),
  );
  box.hidden = false;
  const { innerWidth, innerHeight } = window;
  const left = event.clientX + GAP;
  const top = event.clientY + GAP;
  // On the other side where there is no room.
  const x = left + box.offsetWidth > innerWidth ? event.clientX - GAP - box.offsetWidth : left;
  const y = top + box.offsetHeight > innerHeight ? event.clientY - GAP - box.offsetHeight : top;
  box.style.left = `${Math.max(0, x)}px`;
  box.style.top = `${Math.max(0, y)}px`;
}

function element(tag: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
