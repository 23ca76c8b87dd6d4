import type { FloatGraph } from '../architectures/graph/float_graph.ts';
import type { UnreadOperation } from '../architectures/graph/float_network.ts';
import type { ChannelAffine, ImageSize, PixelRange } from './input_affine.ts';

/** A network that a file holds, and what was decided in reading it that its user should know. */
export interface ReadModel {
  readonly graph: FloatGraph;
  /** What of the file no graph can hold, in execution order. */
  readonly unread: readonly UnreadOperation[];
  readonly notes: readonly string[];
  /** What the network takes pixels for, where its file says so. */
  readonly range: PixelRange | undefined;
  /** What the file does to its input that the graph does not: images come with that done. */
  readonly done: ChannelAffine | undefined;
  /** How the network is found in its file again. */
  readonly origin: GraphOrigin;
}

/** Where a float graph's tensors are in the file that it was read from. */
export interface GraphOrigin {
  /** The graph's input. */
  readonly input: string;
  /** Its outputs: "node" or "node:index" of a TensorFlow graph, the number of a TensorFlow Lite tensor. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Tensors among these that the file has as [C, H, W]; none unless given. */
  readonly channelsFirst?: ReadonlySet<string>;
}

/** How much of a file is read. */
export interface Reading {
  /** Whether more convolutions may be left out than are read: whoever reads it chooses where it ends. */
  readonly mayEndEarly?: boolean;
  /** Of the images of a network that leaves it open; 224 × 224 unless given. */
  readonly resolution?: ImageSize | undefined;
}

/** Whether what is read is the network, and not its beginning: half of its weighted operations at least. */
export function isMost(weighted: number, lost: number, { mayEndEarly = false }: Reading): boolean {
  return mayEndEarly || 2 * lost <= weighted;
}
