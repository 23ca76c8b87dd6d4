import type { TierName } from '../../quantize/kernels/kernels.ts';

/** What a command's result says of the kernels that it used. */
export interface KernelsUsed {
  readonly tier: TierName;
  /** Of a tier that has several. */
  readonly instructionSet?: string;
  /** Why faster kernels were passed over. */
  readonly tierNotes: readonly string[];
}

/** "native avx2" */
export function kernelsName({ tier, instructionSet }: Omit<KernelsUsed, 'tierNotes'>): string {
  return instructionSet === undefined ? tier : `${tier} ${instructionSet}`;
}
