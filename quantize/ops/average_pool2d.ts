import { roundedMean } from './mean.ts';
import { pool2d } from './pool2d.ts';

/** The rounded mean of each window (eq. 6). */
export const averagePool2d = pool2d('averagePool2d', (bytes) =>
  roundedMean(
    bytes.reduce((sum, byte) => sum + byte, 0),
    bytes.length,
  ),
);
