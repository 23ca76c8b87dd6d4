import type { ChipMemory } from '../../quantize/export/c/network.ts';

/** What a network takes of a microcontroller, for people. */
export function showMemory(memory: ChipMemory): readonly string[] {
  const { arenaBytes, outputBytes, weightsBytes, codeBytes } = memory;
  return [
    `RAM    ${bytes(arenaBytes)} of arena, the input included, and ${bytes(outputBytes)} of output`,
    `flash  ${bytes(weightsBytes)} of weights, biases and tables, and about ${bytes(codeBytes)} of code (Cortex-M4, -Os)`,
  ];
}

function bytes(count: number): string {
  return `${count.toLocaleString('en')} bytes`;
}
