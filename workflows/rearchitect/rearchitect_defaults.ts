/** More images make a better fit, but ever less: the time grows with them. */
export const MOST_IMAGES = 500;
