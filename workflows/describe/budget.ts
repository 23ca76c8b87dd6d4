import { arrayBytes, type ChipMemory, type CNetwork } from '../../quantize/export/c/network.ts';
import { lifetimes } from '../../quantize/model/lifetimes.ts';
import { outputNames } from '../../quantize/model/tf8_model.ts';

/** What a chip has, in bytes. */
export interface Budget {
  readonly ram?: number;
  readonly flash?: number;
}

/** A layer that does not fit. */
export interface UnfitLayer {
  readonly name: string;
  /** RAM: the tensors alive while it runs. Flash: its own weights, biases and tables. */
  readonly bytes: number;
  /** RAM: by how much that exceeds the budget. Flash: the same of all layers up to it, and the code. */
  readonly over: number;
}

/** How a network fits one kind of memory. */
export interface MemoryFit {
  readonly budget: number;
  /** What the C library needs of it. */
  readonly bytes: number;
  /** By how much that exceeds the budget; 0 where it fits. */
  readonly over: number;
  /** In the order in which they run. */
  readonly layers: readonly UnfitLayer[];
}

export interface BudgetFit {
  readonly fits: boolean;
  readonly ram?: MemoryFit;
  readonly flash?: MemoryFit;
}

/** Which layers of a network do not fit a budget, and by how much. */
export function fitBudget(network: CNetwork, memory: ChipMemory, budget: Budget): BudgetFit {
  const { arenaBytes, outputBytes, weightsBytes, codeBytes } = memory;
  const ram =
    budget.ram === undefined
      ? undefined
      : fitOf(budget.ram, arenaBytes + outputBytes, ramLayers(network, budget.ram));
  const flash =
    budget.flash === undefined
      ? undefined
      : fitOf(
          budget.flash,
          weightsBytes + codeBytes,
          flashLayers(network, codeBytes, budget.flash),
        );
  return {
    fits: (ram?.over ?? 0) === 0 && (flash?.over ?? 0) === 0,
    ...(ram && { ram }),
    ...(flash && { flash }),
  };
}

function fitOf(budget: number, bytes: number, layers: readonly UnfitLayer[]): MemoryFit {
  return { budget, bytes, over: Math.max(bytes - budget, 0), layers };
}

function ramLayers({ model }: CNetwork, budget: number): readonly UnfitLayer[] {
  const nodes = model.nodes.map(({ name, inputs, output }) => ({
    name,
    inputs,
    shape: output.shape,
  }));
  const alive = lifetimes(model.input, nodes, new Set(outputNames(model)));
  return nodes.flatMap(({ name }, index) => {
    const bytes = alive
      .filter(({ first, last }) => first <= index && index <= last)
      .reduce((sum, tensor) => sum + tensor.bytes, 0);
    return bytes > budget ? [{ name, bytes, over: bytes - budget }] : [];
  });
}

function flashLayers({ nodes }: CNetwork, code: number, budget: number): readonly UnfitLayer[] {
  let total = code;
  return nodes.flatMap((entry) => {
    const bytes = arrayBytes(entry);
    total += bytes;
    return total > budget && bytes > 0
      ? [{ name: entry.node.name, bytes, over: total - budget }]
      : [];
  });
}
