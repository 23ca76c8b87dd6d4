import type { FlatNode } from './flatten.ts';
import { unsupportedNode } from './graph_source.ts';

/** Pixels of other programs as x · scale + shift makes our input, which is in [−1, 1], of them. */
const KNOWN_SCALINGS = [
  { scale: 2, shift: -1, pixels: '[0, 1]' },
  { scale: 2 / 255, shift: -1, pixels: '[0, 255]' },
  { scale: 1 / 128, shift: -1, pixels: '[0, 255]' },
];

interface Affine {
  readonly scale: number;
  readonly shift: number;
}

/**
 * The products and sums between a graph's input and its first layer. Images come here scaled to
 * [−1, 1] already, so a scaling of pixels to that is left out; any other is refused.
 */
export class InputScaling {
  readonly notes: string[] = [];
  private readonly fileName: string;
  private readonly affine = new Map<FlatNode, Affine>();
  private readonly checked = new Set<FlatNode>();

  constructor(fileName: string) {
    this.fileName = fileName;
  }

  /** @param from the node before, whose output is scaled further */
  add(node: FlatNode, from: FlatNode, scales: Float32Array, shifts: Float32Array): void {
    const [scale, shift] = [scales[0], shifts[0]];
    if (scales.some((value) => value !== scale) || shifts.some((value) => value !== shift)) {
      throw unsupportedNode(node, this.fileName, 'an input that is scaled by channel');
    }
    const before = this.affine.get(from) ?? { scale: 1, shift: 0 };
    this.affine.set(node, { scale: before.scale * scale, shift: before.shift * scale + shift });
  }

  /** Called for the node that the first layer reads. */
  check(node: FlatNode): void {
    const affine = this.affine.get(node);
    if (affine === undefined || this.checked.has(node)) return;
    const known = KNOWN_SCALINGS.find(
      ({ scale, shift }) =>
        Math.abs(affine.scale / scale - 1) < 1e-3 && Math.abs(affine.shift - shift) < 1e-3,
    );
    if (known === undefined) {
      throw unsupportedNode(
        node,
        this.fileName,
        `an input scaled to x · ${affine.scale} + ${affine.shift}; images are scaled to [-1, 1]`,
      );
    }
    this.checked.add(node);
    this.notes.push(
      `the graph scales pixels of ${known.pixels} to [-1, 1] itself: that part is left out, since images come scaled`,
    );
  }
}
