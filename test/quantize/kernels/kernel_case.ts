import type { Padding } from '../../../quantize/params/window.ts';
import type { KernelCall } from './run_case.ts';

/** A case of the table that every tier runs. */
export type KernelCase = KernelCall & {
  /** Reads as "<op>: <title>". */
  readonly title: string;
  /** The bytes by hand, for the cases that are small enough. */
  readonly expected?: readonly number[];
};

export const NONE: Padding = { top: 0, bottom: 0, left: 0, right: 0 };
export const ONE_AROUND: Padding = { top: 1, bottom: 1, left: 1, right: 1 };
