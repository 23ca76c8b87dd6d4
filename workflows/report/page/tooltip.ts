/** Distance from the pointer, in pixels. */
const GAP = 14;

const box = document.createElement('div');
box.id = 'tooltip';
box.hidden = true;
document.body.append(box);

let isTouched = false;

/** It was tapped for: no pointer stays there, so a tap elsewhere or scrolling takes it away. */
let isTapped = false;

function hide(): void {
  box.hidden = true;
}

document.addEventListener('pointerdown', ({ pointerType }) => {
  isTouched = pointerType === 'touch';
});
document.addEventListener('click', ({ target }) => {
  if (!(target as Element).closest('.plot')) hide();
});
document.addEventListener('scroll', () => {
  if (isTapped) hide();
});

/** Vega's handler of tooltips: the fields of the mark under the pointer, as text. */
export function showTooltip(
  _view: unknown,
  event: MouseEvent | null,
  _item: unknown,
  value: unknown,
): void {
  if (event === null || value === null || typeof value !== 'object') {
    // After a tap browsers tell of a mouse that leaves.
    if (!(isTapped && event?.type === 'mouseout')) hide();
    return;
  }
  isTapped = isTouched && event.type === 'click';
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
