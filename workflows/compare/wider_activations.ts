import { isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { FloatNodes } from '../../architectures/graph/float_nodes.ts';
import { UserError } from '../../foundation/errors.ts';
import { nearest } from '../../foundation/nearest.ts';
import { FloatNetwork } from '../../quantize/analyze/float_network.ts';
import { withStoredWeights } from '../../quantize/analyze/stored_weights.ts';
import type { Recipe } from '../../quantize/convert/recipe.ts';
import { byName } from '../../quantize/model/by_name.ts';
import { isWeighted, type TensorSpec, tensorSpecs } from '../../quantize/model/tf8_model.ts';
import { BYTE_MAX } from '../../quantize/params/quantization.ts';
import { clamp, roundHalfEven } from '../../quantize/params/rounding.ts';
import type { QuantizedModel } from '../quantize/quantize.ts';

type WiderChoice = NonNullable<Recipe['activations']>;

/** Steps of 16 bits in one of 8, in the same range: 65535 / 255. */
const FINER = 257;

/**
 * A quantized network some of whose activations have 16 bits in the range of their bytes: a simulation, in float
 * that rounds weights, biases and activations as the integers do. Single-precision sums are all that differs.
 */
export class WiderActivations {
  private readonly floats = new FloatNodes();
  private readonly network: FloatNetwork;
  private readonly specs: ReadonlyMap<string, TensorSpec>;
  private readonly choice: WiderChoice;

  /** @throws UserError naming a layer that the network has not */
  constructor({ graph, model }: Pick<QuantizedModel, 'graph' | 'model'>, choice: WiderChoice) {
    this.specs = tensorSpecs(model);
    this.choice = choice;
    for (const layer of choice.layers === 'all' ? [] : choice.layers) this.requireLayer(layer);
    const nodes = graph.nodes.map((node, index) => {
      const stored = model.nodes[index];
      if (!isWeightedFloat(node) || !isWeighted(stored)) return node;
      return withStoredWeights(node, stored, byName(this.specs, stored.inputs[0]));
    });
    this.network = new FloatNetwork({ ...graph, nodes }, this.floats);
  }

  /**
   * What the network makes of images: its outputs [N, …], in the order of the float network's.
   * @param images [N, H, W, C] float32
   */
  outputs(images: Float32Array): readonly Float32Array[] {
    const { input, outputs } = this.network.graph;
    const onGrid = (name: string, values: Float32Array) => this.onGrid(name, values);
    const first = new Map([[input.name, onGrid(input.name, images)]]);
    const tensors = this.network.runFrom(first, new Map(), onGrid);
    return outputs.map((name) => byName(tensors, name));
  }

  /** Frees the network's weights. */
  close(): void {
    this.floats.dispose();
  }

  private onGrid(name: string, values: Float32Array): Float32Array {
    const { layers } = this.choice;
    const finer = layers === 'all' || layers.includes(name) ? FINER : 1;
    const { quantization } = byName(this.specs, name);
    const scale = quantization.scale / finer;
    const zeroPoint = quantization.zeroPoint * finer;
    const [low, high] = [-zeroPoint, finer * BYTE_MAX - zeroPoint];
    return values.map((value) => scale * clamp(roundHalfEven(value / scale), low, high));
  }

  private requireLayer(layer: string): void {
    if (this.specs.has(layer)) return;
    const meant = nearest(layer, this.specs.keys());
    throw new UserError(`Expected layers of the network for 16 bits but received "${layer}"`, {
      remedy: meant === undefined ? 'Name some that `describe` lists.' : `Did you mean ${meant}?`,
    });
  }
}
