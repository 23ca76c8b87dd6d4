import { extreme } from './extreme.ts';

/** The greater of two tensors (eq. 13). */
export const maximum = extreme('maximum', Math.max);
