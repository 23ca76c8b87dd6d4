import { pool2d } from './pool2d.ts';

/** The largest byte of each window (eq. 6). */
export const maxPool2d = pool2d('maxPool2d', (bytes) =>
  bytes.reduce((max, byte) => Math.max(max, byte), 0),
);
