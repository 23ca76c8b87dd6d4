import type { BudgetFit, MemoryFit } from '../../workflows/describe/budget.ts';

/** Whether a network fits a chip, for people. */
export function showBudget({ ram, flash }: BudgetFit): readonly string[] {
  return [
    ...(ram === undefined ? [] : showFit('RAM', ram, 'needs')),
    ...(flash === undefined ? [] : showFit('flash', flash, 'adds')),
  ];
}

function showFit(name: string, { budget, bytes, over, layers }: MemoryFit, verb: string) {
  const need = `${name}: ${count(bytes)} of ${count(budget)} bytes`;
  if (over === 0) return [`${need}: fits`];
  const lines = layers.map(
    (layer) => `  ${layer.name} ${verb} ${count(layer.bytes)} bytes: ${count(layer.over)} over`,
  );
  return [`${need}: ${count(over)} over`, ...lines];
}

function count(bytes: number): string {
  return bytes.toLocaleString('en');
}
