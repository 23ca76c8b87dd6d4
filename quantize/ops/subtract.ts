import { addition } from './addition.ts';

/** The first tensor less the second (eq. 9). */
export const subtract = addition('subtract', -1);
