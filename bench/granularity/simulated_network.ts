import { type FloatWeightedNode, isWeightedFloat } from '../../architectures/graph/float_node.ts';
import type { FloatKernels } from '../../quantize/analyze/float_kernels.ts';
import { FloatNetwork } from '../../quantize/analyze/float_network.ts';
import { withStoredWeights } from '../../quantize/analyze/stored_weights.ts';
import type { Kernels } from '../../quantize/kernels/kernels.ts';
import { byName } from '../../quantize/model/by_name.ts';
import { isWeighted, type TensorSpec, tensorSpecs } from '../../quantize/model/tf8_model.ts';
import { dequantizeArray, quantizeArray } from '../../quantize/params/quantization.ts';
import type { QuantizedModel } from '../../workflows/quantize/quantize.ts';
import { channelWeights } from './channel_weights.ts';

/** Which parts of a network are in 8 bits. */
export interface Parts {
  /** In float; one range a layer, as in the TF8 model; one an output channel, of depthwise layers alone or of all. */
  readonly weights: 'float' | 'tensor' | 'depthwise-channel' | 'channel';
  readonly activations: 'float' | 'tensor';
}

/**
 * A network in float whose weights, biases and tensors of activations lie on the grids of 8 bits
 * (eq. 1 to 3) where `parts` says so. What integers would round once, after the sum, is rounded once
 * here: single-precision sums are all that differs.
 */
export class SimulatedNetwork {
  private readonly network: FloatNetwork;
  private readonly specs: ReadonlyMap<string, TensorSpec>;
  private readonly parts: Parts;
  private readonly kernels: Pick<Kernels, 'quantize'>;

  /**
   * @param quantized a float graph, and the TF8 model that it was converted into
   * @param floats runs the nodes, and holds their weights until it is disposed
   */
  constructor(
    { graph, model }: Pick<QuantizedModel, 'graph' | 'model'>,
    parts: Parts,
    floats: FloatKernels,
    kernels: Pick<Kernels, 'quantize'>,
  ) {
    this.specs = tensorSpecs(model);
    this.parts = parts;
    this.kernels = kernels;
    const nodes = graph.nodes.map((node, index) => {
      const stored = model.nodes[index];
      if (!isWeightedFloat(node) || !isWeighted(stored)) return node;
      const input = byName(this.specs, stored.inputs[0]);
      return inEightBits(node, parts.weights, () => withStoredWeights(node, stored, input), input);
    });
    this.network = new FloatNetwork({ ...graph, nodes }, floats);
  }

  /**
   * The logits [N, classes] of a batch.
   * @param images [N, H, W, C] float32
   */
  logits(images: Float32Array): Float32Array {
    const { graph } = this.network;
    const [output] = graph.outputs;
    const input = this.onGrid(graph.input.name, images);
    const tensors = this.network.runFrom(
      new Map([[graph.input.name, input]]),
      new Map(),
      (name, values) => this.onGrid(name, values),
    );
    return byName(tensors, output);
  }

  private onGrid(name: string, values: Float32Array): Float32Array {
    if (this.parts.activations === 'float') return values;
    const { quantization } = byName(this.specs, name);
    const bytes = new Uint8Array(values.length);
    if (this.kernels.quantize === undefined) quantizeArray(values, quantization, bytes);
    else this.kernels.quantize(values, quantization, bytes);
    return dequantizeArray(bytes, quantization);
  }
}

function inEightBits(
  node: FloatWeightedNode,
  weights: Parts['weights'],
  stored: () => FloatWeightedNode,
  { quantization }: TensorSpec,
): FloatWeightedNode {
  switch (weights) {
    case 'float':
      return node;
    case 'tensor':
      return stored();
    case 'depthwise-channel':
      if (node.op !== 'depthwiseConv2d') return stored();
      return { ...node, ...channelWeights(node, quantization.scale) };
    case 'channel':
      return { ...node, ...channelWeights(node, quantization.scale) };
  }
}
