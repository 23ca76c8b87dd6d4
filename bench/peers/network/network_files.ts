import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FloatGraph, shapeIn } from '../../../architectures/graph/float_graph.ts';
import {
  type FloatNode,
  type FloatWeightedNode,
  isWeightedFloat,
} from '../../../architectures/graph/float_node.ts';
import type { CalibrationBatch } from '../../../quantize/convert/calibrate.ts';

interface Described {
  /** [H, W, C], or [C] */
  readonly outputShape: readonly number[];
}

/** A layer without its numbers, which lie in weights.f32: kernel and bias from `weightsOffset` on. */
type WeightedDescription = Omit<FloatWeightedNode, 'batchNorm' | 'bias' | 'kernel'> &
  Described & { readonly weightsOffset: number };

type NodeDescription = (Exclude<FloatNode, FloatWeightedNode> & Described) | WeightedDescription;

/** network.json, where `null` stands for a bound that is infinite */
export interface NetworkDescription {
  readonly inputName: string;
  /** [H, W, C] */
  readonly inputShape: readonly number[];
  readonly nodes: readonly NodeDescription[];
}

/**
 * Writes a network for the programs that make the peers' models of it: network.json, weights.f32 and
 * images.f32, float32 and little-endian, one array after another.
 * @param images to calibrate with
 */
export async function writeNetwork(
  folder: string,
  graph: FloatGraph,
  images: readonly CalibrationBatch[],
): Promise<void> {
  const arrays: Float32Array[] = [];
  let weightsOffset = 0;
  const nodes = graph.nodes.map((node): NodeDescription => {
    const outputShape = shapeIn(graph, node.name);
    if (!isWeightedFloat(node)) return { ...node, outputShape };
    const { kernel, bias, batchNorm: _, ...rest } = node;
    const described = { ...rest, outputShape, weightsOffset };
    arrays.push(kernel, bias);
    weightsOffset += kernel.length + bias.length;
    return described;
  });
  const description: NetworkDescription = {
    inputName: graph.input.name,
    inputShape: graph.input.shape,
    nodes,
  };
  await writeFile(join(folder, 'network.json'), JSON.stringify(description));
  await writeFile(join(folder, 'weights.f32'), concatenated(arrays));
  await writeFile(join(folder, 'images.f32'), concatenated(images.map((batch) => batch.images)));
}

/** Kernel and bias of each layer that has them, by its name. */
export async function networkWeights(
  folder: string,
  { nodes }: NetworkDescription,
): Promise<ReadonlyMap<string, Pick<FloatWeightedNode, 'kernel' | 'bias'>>> {
  const bytes = await readFile(join(folder, 'weights.f32'));
  const values = new Float32Array(new Uint8Array(bytes).buffer);
  return new Map(
    nodes.filter(hasWeights).map(({ name, weightsOffset, kernelShape, outputShape }) => {
      const end = weightsOffset + kernelShape.reduce((product, side) => product * side, 1);
      const kernel = values.subarray(weightsOffset, end);
      return [name, { kernel, bias: values.subarray(end, end + outputShape[2]) }];
    }),
  );
}

export function hasWeights(node: NodeDescription): node is WeightedDescription {
  return 'weightsOffset' in node;
}

/** The bytes of several arrays, one after another. */
export function concatenated(arrays: readonly ArrayBufferView[]): Buffer {
  return Buffer.concat(
    arrays.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
    ),
  );
}
