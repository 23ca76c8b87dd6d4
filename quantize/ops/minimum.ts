import { extreme } from './extreme.ts';

/** The lesser of two tensors (eq. 13). */
export const minimum = extreme('minimum', Math.min);
