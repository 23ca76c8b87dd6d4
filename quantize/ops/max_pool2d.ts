import { type Pool2dNode, pool2d } from './pool2d.ts';

export type MaxPool2dNode = Pool2dNode<'maxPool2d'>;

/** The largest byte of each window (eq. 6). */
export const maxPool2d = pool2d('maxPool2d', (bytes) =>
  bytes.reduce((max, byte) => Math.max(max, byte), 0),
);
