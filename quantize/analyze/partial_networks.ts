import { isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { Tf8Plan } from '../execute/plan.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { byName } from '../model/by_name.ts';
import {
  isWeighted,
  outputNode,
  type TensorSpec,
  type Tf8Model,
  tensorSpecs,
} from '../model/tf8_model.ts';
import { dequantizeArray, quantizeArray } from '../params/quantization.ts';
import { elements } from '../params/shape.ts';
import type { AnalyzerOptions } from './analyzer.ts';
import { FloatNetwork, type FloatTensors } from './float_network.ts';
import { type LayerInTf8, layerInTf8 } from './layer_in_tf8.ts';
import { withStoredWeights } from './stored_weights.ts';

/** Logits [N, classes] of networks of which parts are in TF8. */
export interface PartialLogits {
  readonly float: Float32Array;
  readonly tf8: Float32Array;
  /** Weights and biases as stored in TF8, activations exact. */
  readonly onlyWeights: Float32Array;
  /** Every tensor of activations on its grid, weights exact. */
  readonly onlyActivations: Float32Array;
  readonly layers: readonly {
    readonly layer: string;
    readonly onlyThis: Float32Array;
    readonly allButThis: Float32Array;
  }[];
}

/** Tensors [N, H, W, C] of a batch as bytes, by name. */
type Tf8Tensors = Map<string, Uint8Array>;

/**
 * A network with some parts in float and the others in TF8. What is in TF8 runs in integers, by the
 * kernels. Runs share what comes before the layer in question: with L layers, an image takes about
 * L / 2 runs of each of the two networks.
 */
export class PartialNetworks implements Disposable {
  private readonly model: Tf8Model;
  private readonly kernels: Kernels;
  private readonly specs: ReadonlyMap<string, TensorSpec>;
  private readonly exact: FloatNetwork;
  private readonly storedWeights: FloatNetwork;
  private readonly plan: Tf8Plan;
  private readonly inTf8: readonly LayerInTf8[];
  /** Name of the logits. */
  private readonly output: string;

  constructor({ graph, model, floats, kernels, threads = 1 }: AnalyzerOptions) {
    this.model = model;
    this.output = outputNode(model).name;
    this.kernels = kernels;
    this.specs = tensorSpecs(model);
    this.exact = new FloatNetwork(graph, floats);
    const nodes = graph.nodes.map((exact, index) => {
      const stored = model.nodes[index];
      return isWeightedFloat(exact) && isWeighted(stored)
        ? withStoredWeights(exact, stored, byName(this.specs, stored.inputs[0]))
        : exact;
    });
    this.storedWeights = new FloatNetwork({ ...graph, nodes }, floats);
    this.plan = new Tf8Plan(model, { kernels, threads, outputs: [...this.specs.keys()] });
    this.inTf8 = model.nodes.map((node) => layerInTf8(model, node, this.specs, kernels));
  }

  /**
   * The logits of each partial network.
   * @param images [N, H, W, C] float32; all tensors of the batch are held
   * @throws QuantizationError when the images are not whole ones of the network's size
   */
  logits(images: Float32Array): PartialLogits {
    const { exact, storedWeights, plan, output } = this;
    const { graph } = exact;
    const float = exact.run(images);
    const tf8: Tf8Tensors = new Map(plan.run(images));
    const rounded = this.onGrid(graph.input.name, images);
    return {
      float: byName(float, output),
      tf8: this.real(output, byName(tf8, output)),
      onlyWeights: byName(storedWeights.run(images), output),
      onlyActivations: byName(
        exact.runFrom(new Map([[graph.input.name, rounded]]), float, (name, values) =>
          this.onGrid(name, values),
        ),
        output,
      ),
      layers: graph.nodes.map(({ name }, index) => ({
        layer: name,
        onlyThis: this.onlyLayer(index, float),
        allButThis: this.allButLayer(index, tf8),
      })),
    };
  }

  /** Ends the threads of the TF8 side and frees its memory. */
  [Symbol.dispose](): void {
    this.plan.close();
    for (const layer of this.inTf8) layer.close();
  }

  private onlyLayer(index: number, float: FloatTensors): Float32Array {
    const { name, inputs } = this.model.nodes[index];
    const batch = this.exact.batchOf(byName(float, this.model.input.name));
    const bytes = inputs.map((input) => this.bytes(input, byName(float, input)));
    const values = this.real(name, this.inTf8[index].run(bytes, batch));
    return byName(this.exact.runFrom(new Map([[name, values]]), float), this.output);
  }

  private allButLayer(index: number, tf8: ReadonlyMap<string, Uint8Array>): Float32Array {
    const { nodes, input } = this.model;
    const { name } = nodes[index];
    const real = new Map(
      nodes[index].inputs.map((from) => [from, this.real(from, byName(tf8, from))]),
    );
    const batch = byName(tf8, input.name).length / elements(input.shape);
    const values = this.exact.runNode(this.exact.graph.nodes[index], real, batch);
    const fresh: Tf8Tensors = new Map([[name, this.bytes(name, values)]]);
    const of = (tensor: string) => fresh.get(tensor) ?? byName(tf8, tensor);
    nodes.forEach((node, at) => {
      if (fresh.has(node.name) || !node.inputs.some((from) => fresh.has(from))) return;
      fresh.set(node.name, this.inTf8[at].run(node.inputs.map(of), batch).slice());
    });
    return this.real(this.output, of(this.output));
  }

  private bytes(name: string, values: Float32Array): Uint8Array {
    const { quantization } = byName(this.specs, name);
    const bytes = new Uint8Array(values.length);
    if (this.kernels.quantize === undefined) return quantizeArray(values, quantization, bytes);
    this.kernels.quantize(values, quantization, bytes);
    return bytes;
  }

  private real(name: string, bytes: Uint8Array): Float32Array {
    return dequantizeArray(bytes, byName(this.specs, name).quantization);
  }

  private onGrid(name: string, values: Float32Array): Float32Array {
    return this.real(name, this.bytes(name, values));
  }
}
