import type { KernelCall } from '../ops/table.ts';
import type { CompiledProgram, Kernels, Program } from './kernels.ts';
import { compileProgram } from './program.ts';

/**
 * The same kernels on the caller's thread alone: where several threads give other bytes or do not start.
 * @param limitation `Kernels.limitation` of these
 */
export function onOneThread(kernels: Kernels, limitation: string): Kernels {
  return new OneThreadKernels(kernels, limitation);
}

class OneThreadKernels implements Kernels {
  readonly tier: Kernels['tier'];
  readonly instructionSet?: string;
  readonly limitation: string;
  readonly quantize?: NonNullable<Kernels['quantize']>;
  readonly measurePeak?: NonNullable<Kernels['measurePeak']>;
  private readonly kernels: Kernels;

  constructor(kernels: Kernels, limitation: string) {
    this.kernels = kernels;
    this.limitation = limitation;
    this.tier = kernels.tier;
    const { instructionSet, quantize, measurePeak } = kernels;
    if (instructionSet !== undefined) this.instructionSet = instructionSet;
    if (quantize !== undefined) this.quantize = quantize.bind(kernels);
    if (measurePeak !== undefined) this.measurePeak = measurePeak.bind(kernels);
  }

  compile(program: Program): CompiledProgram {
    return compileProgram(this.kernels, program, { threads: 1 });
  }

  run(call: KernelCall): void {
    this.kernels.run(call);
  }
}
