import { extreme } from './extreme.ts';

/** The greater of two tensors (eq. 14). */
export const maximum = extreme('maximum', Math.max);
