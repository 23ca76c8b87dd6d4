import { HAND_CASES } from './hand_cases.ts';
import type { KernelCase } from './kernel_case.ts';
import { ODD_SIZE_CASES } from './odd_size_cases.ts';
import { SHAPE_CASES } from './shape_cases.ts';
import { WEIGHT_CASES } from './weight_cases.ts';

/** The case table: every tier gives the reference's bytes on it. */
export const CASES: readonly KernelCase[] = [
  ...HAND_CASES,
  ...SHAPE_CASES,
  ...ODD_SIZE_CASES,
  ...WEIGHT_CASES,
];
