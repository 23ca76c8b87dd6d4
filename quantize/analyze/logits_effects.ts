import { type FloatWeightedNode, isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { byName } from '../model/by_name.ts';
import { isWeighted, type TensorSpec, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { dequantizeArray, quantizeArray } from '../params/quantization.ts';
import type { LogitsDb } from './analysis.ts';
import { EnergyMeter, type EnergySums, joinedEnergies, pooledDb } from './energy_meter.ts';
import type { FloatNetwork, FloatTensors } from './float_network.ts';
import { withStoredWeights } from './stored_weights.ts';

/** Of each output of a network, in its order. */
type OutputMeters = readonly EnergyMeter[];
type OutputSums = readonly EnergySums[];

/** What only one layer's weights, and what only one tensor's grid, does to the outputs, by name. */
export interface EffectSums {
  readonly images: number;
  readonly byWeights: Readonly<Record<string, OutputSums>>;
  readonly byTensor: Readonly<Record<string, OutputSums>>;
}

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

  sums(): EffectSums {
    const { images, byWeights, byTensor } = this;
    return { images, byWeights: sumsOf(byWeights), byTensor: sumsOf(byTensor) };
  }

  private meters(): OutputMeters {
    return this.network.graph.outputs.map(() => new EnergyMeter());
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

export function joinedEffects(a: EffectSums, b: EffectSums): EffectSums {
  return {
    images: a.images + b.images,
    byWeights: joinedByName(a.byWeights, b.byWeights),
    byTensor: joinedByName(a.byTensor, b.byTensor),
  };
}

/** Of a layer, at the output that it costs most; Infinity each where no image was added. */
export function logitsOf({ byWeights, byTensor }: EffectSums, layer: string): LogitsDb {
  return { onlyWeights: leastDb(byWeights[layer] ?? []), onlyOutput: leastDb(byTensor[layer]) };
}

/** Of a layer, by the names of the outputs. */
export function logitsByOutput(
  { byWeights, byTensor }: EffectSums,
  layer: string,
  outputs: readonly string[],
): Readonly<Record<string, LogitsDb>> {
  const [weights, tensor] = [byWeights[layer], byTensor[layer]];
  return Object.fromEntries(
    outputs.map((name, index) => [
      name,
      {
        onlyWeights: weights === undefined ? Infinity : pooledDb(weights[index]),
        onlyOutput: pooledDb(tensor[index]),
      },
    ]),
  );
}

/** Where only the network's input is quantized, at the output that this costs most. */
export function inputLogitsDb({ byTensor }: EffectSums, input: string): number {
  return leastDb(byTensor[input]);
}

function sumsOf(meters: ReadonlyMap<string, OutputMeters>): Record<string, OutputSums> {
  return Object.fromEntries(
    [...meters].map(([name, outputs]) => [name, outputs.map((meter) => meter.sums())]),
  );
}

function joinedByName(
  a: Readonly<Record<string, OutputSums>>,
  b: Readonly<Record<string, OutputSums>>,
): Record<string, OutputSums> {
  return Object.fromEntries(
    Object.entries(a).map(([name, outputs]) => [
      name,
      outputs.map((sums, index) => joinedEnergies(sums, b[name][index])),
    ]),
  );
}

function leastDb(outputs: OutputSums): number {
  return outputs.reduce((least, sums) => Math.min(least, pooledDb(sums)), Infinity);
}
