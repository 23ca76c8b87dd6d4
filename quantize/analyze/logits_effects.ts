import { type FloatWeightedNode, isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { byName } from '../model/by_name.ts';
import { isWeighted, type TensorSpec, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { dequantizeArray, quantizeArray } from '../params/quantization.ts';
import type { LogitsDb } from './analysis.ts';
import type { FloatNetwork, FloatTensors } from './float_network.ts';
import { SqnrMeter } from './sqnr_meter.ts';
import { withStoredWeights } from './stored_weights.ts';

/** Of each output of a network, in its order. */
type OutputMeters = readonly SqnrMeter[];

/**
 * What each layer costs the network: one tensor or one layer's weights are quantized, all else stays
 * exact, and the outputs tell. A run goes from the changed layer on: with L layers, about L runs of the
 * whole network for each image.
 */
export class LogitsEffects {
  private readonly network: FloatNetwork;
  private readonly specs: ReadonlyMap<string, TensorSpec>;
  private readonly storedWeights = new Map<string, FloatWeightedNode>();
  private readonly byWeights = new Map<string, OutputMeters>();
  private readonly byTensor = new Map<string, OutputMeters>();
  private images = 0;

  constructor(network: FloatNetwork, model: Tf8Model) {
    this.network = network;
    this.specs = tensorSpecs(model);
    network.graph.nodes.forEach((exact, index) => {
      const stored = model.nodes[index];
      if (!isWeightedFloat(exact) || !isWeighted(stored)) return;
      const input = byName(this.specs, stored.inputs[0]);
      this.storedWeights.set(exact.name, withStoredWeights(exact, stored, input));
      this.byWeights.set(exact.name, this.meters());
    });
    for (const name of this.specs.keys()) this.byTensor.set(name, this.meters());
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

  /** Of a layer, at the output that it costs most; Infinity each where no image was added. */
  of(layer: string): LogitsDb {
    return {
      onlyWeights: leastDb(this.byWeights.get(layer) ?? []),
      onlyOutput: leastDb(byName(this.byTensor, layer)),
    };
  }

  /** Of a layer, by the names of the outputs. */
  ofOutputs(layer: string): Readonly<Record<string, LogitsDb>> {
    const [weights, tensor] = [this.byWeights.get(layer), byName(this.byTensor, layer)];
    const { outputs } = this.network.graph;
    return Object.fromEntries(
      outputs.map((name, index) => [
        name,
        {
          onlyWeights: weights?.[index].pooledDb ?? Infinity,
          onlyOutput: tensor[index].pooledDb,
        },
      ]),
    );
  }

  /** Where only the network's input is quantized, at the output that this costs most. */
  ofInput(): number {
    return leastDb(byName(this.byTensor, this.network.graph.input.name));
  }

  private meters(): OutputMeters {
    return this.network.graph.outputs.map(() => new SqnrMeter());
  }

  private compare(
    name: string,
    changed: Float32Array,
    exact: FloatTensors,
    meters: OutputMeters,
  ): void {
    const { network } = this;
    const { outputs, input } = network.graph;
    const tensors = network.runFrom(new Map([[name, changed]]), exact);
    const batch = network.batchOf(byName(exact, input.name));
    for (const [index, output] of outputs.entries()) {
      meters[index].compare(byName(exact, output), byName(tensors, output), batch);
    }
  }
}

function leastDb(meters: OutputMeters): number {
  return meters.reduce((least, { pooledDb }) => Math.min(least, pooledDb), Infinity);
}
