import { type FloatWeightedNode, isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { byName } from '../model/by_name.ts';
import { isWeighted, type TensorSpec, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { dequantizeArray, quantizeArray } from '../params/quantization.ts';
import type { LogitsDb } from './analysis.ts';
import type { FloatNetwork, FloatTensors } from './float_network.ts';
import { SqnrMeter } from './sqnr_meter.ts';
import { withStoredWeights } from './stored_weights.ts';

/**
 * What each layer costs the network: one tensor or one layer's weights are quantized, all else stays
 * exact, and the logits tell. A run goes from the changed layer on: with L layers, about L runs of the
 * whole network for each image.
 */
export class LogitsEffects {
  private readonly network: FloatNetwork;
  private readonly specs: ReadonlyMap<string, TensorSpec>;
  private readonly storedWeights = new Map<string, FloatWeightedNode>();
  private readonly byWeights = new Map<string, SqnrMeter>();
  private readonly byTensor = new Map<string, SqnrMeter>();
  private images = 0;

  constructor(network: FloatNetwork, model: Tf8Model) {
    this.network = network;
    this.specs = tensorSpecs(model);
    network.graph.nodes.forEach((exact, index) => {
      const stored = model.nodes[index];
      if (!isWeightedFloat(exact) || !isWeighted(stored)) return;
      const input = byName(this.specs, stored.inputs[0]);
      this.storedWeights.set(exact.name, withStoredWeights(exact, stored, input));
      this.byWeights.set(exact.name, new SqnrMeter());
    });
    for (const name of this.specs.keys()) this.byTensor.set(name, new SqnrMeter());
  }

  get count(): number {
    return this.images;
  }

  /** @param images [N, H, W, C] float32; all tensors of the batch are held. */
  add(images: Float32Array): void {
    const { network } = this;
    const exact = network.run(images);
    const batch = network.batchOf(images);
    for (const [name, node] of this.storedWeights) {
      const changed = network.runNode(node, exact, batch);
      this.compare(name, changed, exact, byName(this.byWeights, name));
    }
    for (const [name, { quantization }] of this.specs) {
      const bytes = quantizeArray(byName(exact, name), quantization);
      const changed = dequantizeArray(bytes, quantization);
      this.compare(name, changed, exact, byName(this.byTensor, name));
    }
    this.images += batch;
  }

  /** Of a layer; Infinity each where no image was added. */
  of(layer: string): LogitsDb {
    return {
      onlyWeights: this.byWeights.get(layer)?.pooledDb ?? Infinity,
      onlyOutput: byName(this.byTensor, layer).pooledDb,
    };
  }

  /** Where only the network's input is quantized. */
  ofInput(): number {
    return byName(this.byTensor, this.network.graph.input.name).pooledDb;
  }

  private compare(
    name: string,
    changed: Float32Array,
    exact: FloatTensors,
    meter: SqnrMeter,
  ): void {
    const { network } = this;
    const { output, graph } = network;
    const logits = byName(network.runFrom(new Map([[name, changed]]), exact), output);
    meter.compare(byName(exact, output), logits, network.batchOf(byName(exact, graph.input.name)));
  }
}
