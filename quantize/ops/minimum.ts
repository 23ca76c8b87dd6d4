import { extreme } from './extreme.ts';

/** The lesser of two tensors (eq. 14). */
export const minimum = extreme('minimum', Math.min);
