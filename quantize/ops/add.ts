import { addition } from './addition.ts';

/** The sum of two tensors (eq. 9). */
export const add = addition('add', 1);
