import {
  type ChannelAffine,
  composed,
  IDENTITY,
  type InputMap,
  inputMap,
  isIdentity,
  type PixelRange,
  sameAffine,
} from '../../input_affine.ts';
import type { FlatNode } from './flatten.ts';
import { UnsupportedNodeError } from './graph_source.ts';

/**
 * The products and sums between a graph's input and its first layer. Images come scaled, so what is done
 * to all channels alike becomes the range that they are scaled to.
 */
export class InputScaling {
  readonly notes: string[] = [];
  private readonly fileName: string;
  private readonly affine = new Map<FlatNode, ChannelAffine>();
  private read: { readonly affine: ChannelAffine; readonly map: InputMap | undefined } | undefined;

  constructor(fileName: string) {
    this.fileName = fileName;
  }

  /** What the network takes pixels for; undefined where the graph does not say it. */
  get range(): PixelRange | undefined {
    return this.read?.map?.range;
  }

  /** What images come with; undefined where the network does all of it, or the graph nothing. */
  get done(): ChannelAffine | undefined {
    const { affine, map } = this.read ?? {};
    return map === undefined || map.left !== undefined ? undefined : affine;
  }

  /** @param from the node before, whose output is scaled further */
  add(node: FlatNode, from: FlatNode, affine: ChannelAffine): void {
    this.affine.set(node, composed(this.affine.get(from) ?? IDENTITY, affine));
  }

  /**
   * Called for each node that a layer reads.
   * @returns what the network has to do with the images itself; undefined where that is nothing
   */
  leftOf(node: FlatNode): ChannelAffine | undefined {
    const affine = this.affine.get(node) ?? IDENTITY;
    if (this.read !== undefined) {
      if (sameAffine(affine, this.read.affine)) return this.read.map?.left;
      throw new UnsupportedNodeError(node, this.fileName, 'an input that is scaled in two ways');
    }
    const map = isIdentity(affine) ? undefined : inputMap(affine);
    this.read = { affine, map };
    if (map !== undefined) this.notes.push(map.note);
    return map?.left;
  }
}
