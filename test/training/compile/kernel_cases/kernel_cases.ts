import { ARRANGEMENT_CASES } from './arrangement.ts';
import { CONVOLUTION_CASES } from './convolution.ts';
import { ELEMENTWISE_CASES } from './elementwise.ts';
import type { KernelTable } from './inputs.ts';
import { REDUCTION_CASES } from './reductions.ts';

/** Calls of every kernel that can be compiled. */
export const KERNEL_CASES: KernelTable = {
  ...ARRANGEMENT_CASES,
  ...CONVOLUTION_CASES,
  ...ELEMENTWISE_CASES,
  ...REDUCTION_CASES,
};
