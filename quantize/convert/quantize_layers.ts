import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import { type FloatNode, isWeightedFloat } from '../../architectures/graph/float_node.ts';
import { FloatNodes } from '../../architectures/graph/float_nodes.ts';
import { lastUses } from '../../architectures/graph/last_uses.ts';
import { elements } from '../../architectures/graph/shape.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { byName } from '../model/by_name.ts';
import { isWeighted, type Tf8Model, type Tf8Node, type WeightedNode } from '../model/tf8_model.ts';
import { quantizeArray } from '../params/quantization.ts';
import { coarserNote } from './convert_graph.ts';
import { type BothTensors, inputMoments, MOST_INPUTS } from './input_moments.ts';
import { runNode } from './layer_runner.ts';
import { type LayerWeights, layerWeights } from './layer_weights.ts';
import { channelMeans, correctMeans } from './mean_correction.ts';
import type { Recipe } from './recipe.ts';

/** Images in a run of a float layer. */
const FLOAT_BATCH = 10;

/** The steps of bias correction before the last one take this share of the images, and no fewer than so many. */
const SHARE = 0.25;
const LEAST_IMAGES = 10;

export interface QuantizeLayersOptions {
  /** [N, H, W, C] float32 */
  readonly images: Float32Array;
  readonly kernels: Kernels;
  readonly threads: number;
  /** Is told, in a sentence, what the user should know of a layer. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Called with the number of layers that are done, 0 first, and of all. */
  readonly onLayer?: ((done: number, layers: number) => void) | undefined;
  /** Ends the work between two steps of a layer, of a few seconds at most. */
  readonly signal?: AbortSignal | undefined;
}

/** What was done to a layer with weights. */
export interface QuantizedLayer extends Omit<LayerWeights, 'node'> {
  readonly layer: string;
  /** Root mean square over channels of the output's mean error, before and after the correction's steps. */
  readonly meanErrors?: readonly [number, number];
}

/**
 * Quantizes the weights again and corrects the biases by a recipe, layer by layer: each layer sees what the quantized
 * layers before it make of the images, by the executor's own bytes, and is measured against the float
 * layer on what the float layers make of them. Tensors of all the images are held as long as they are read.
 * @param graph the folded float network
 * @param model what `convertGraph` made of it: its tensors keep their parameters
 * @throws the signal's reason when aborted
 */
export async function quantizeLayers(
  graph: FloatGraph,
  model: Tf8Model,
  recipe: Recipe,
  options: QuantizeLayersOptions,
): Promise<{ readonly model: Tf8Model; readonly layers: readonly QuantizedLayer[] }> {
  const walk = new Walk(graph, recipe, options);
  const nodes: Tf8Node[] = [];
  try {
    walk.begin(model);
    for (const [index, node] of model.nodes.entries()) {
      options.onLayer?.(index, model.nodes.length);
      nodes.push(await walk.layer(graph.nodes[index], node, index));
    }
    options.onLayer?.(nodes.length, model.nodes.length);
    return { model: { ...model, nodes }, layers: walk.layers };
  } finally {
    walk.end();
  }
}

class Walk {
  readonly layers: QuantizedLayer[] = [];
  private readonly graph: FloatGraph;
  private readonly recipe: Recipe;
  private readonly options: QuantizeLayersOptions;
  private readonly count: number;
  private readonly floats = new FloatNodes();
  private readonly tensors = new Map<string, BothTensors>();
  private rounding: Tf8Model['rounding'];
  private readonly lastUse: ReadonlyMap<string, number>;

  constructor(graph: FloatGraph, recipe: Recipe, options: QuantizeLayersOptions) {
    this.graph = graph;
    this.recipe = recipe;
    this.options = options;
    this.count = options.images.length / elements(graph.input.shape);
    this.lastUse = lastUses(graph.nodes);
  }

  begin({ input: { name, shape, quantization }, rounding }: Tf8Model): void {
    this.rounding = rounding;
    const { images } = this.options;
    const bytes = quantizeArray(images, quantization);
    this.tensors.set(name, { bytes, float: images, shape, quantization });
  }

  end(): void {
    this.floats.dispose();
  }

  /** The node as it is in the model now; its tensors are kept for its readers. */
  async layer(exact: FloatNode, stored: Tf8Node, index: number): Promise<Tf8Node> {
    await this.turn();
    const { shape, quantization } = stored.output;
    const inputs = stored.inputs.map((name) => byName(this.tensors, name));
    const float = this.float(exact, inputs);
    const bytes = new Uint8Array(float.length);
    const node =
      isWeightedFloat(exact) && isWeighted(stored)
        ? await this.weighted(exact, stored, inputs[0], float, bytes)
        : stored;
    if (node === stored) this.run(node, inputs, bytes);
    for (const name of stored.inputs) {
      if (this.lastUse.get(name) === index) this.tensors.delete(name);
    }
    this.tensors.set(stored.name, { bytes, float, shape, quantization });
    return node;
  }

  private async weighted(
    exact: Extract<FloatNode, { kernel: Float32Array }>,
    stored: WeightedNode,
    input: BothTensors,
    float: Float32Array,
    bytes: Uint8Array,
  ): Promise<WeightedNode> {
    const { weights, corrections, scales } = this.recipe;
    const correction = corrections.find(({ from }) => from === 'images');
    // Outputs of a transposed convolution meet different weights: it has no moments.
    const moments =
      stored.op === 'transposedConv2d'
        ? undefined
        : inputMoments(stored, input, correction !== undefined);
    const { rounding } = weights;
    const isRounded = rounding.rounding === 'secondOrder' && rounding.layers === 'all';
    if (isRounded && moments !== undefined && moments.covariances === undefined) {
      this.options.onNote?.(
        `The weights of ${stored.name} are rounded to the nearest: ${moments.inputs} inputs of an output are more than the ${MOST_INPUTS} that second-order rounding takes`,
      );
    }
    await this.turn();
    const quantized = layerWeights(exact, stored, input.quantization, {
      choice: weights,
      scales,
      moments,
      matchMeans: correction !== undefined,
    });
    const { raisedBy } = quantized;
    if (raisedBy > 1) this.options.onNote?.(coarserNote(stored.name, raisedBy));
    let { node } = quantized;
    const errors: number[] = [];
    if (correction !== undefined) {
      const some = Math.min(this.count, Math.max(LEAST_IMAGES, Math.ceil(this.count * SHARE)));
      const channels = node.bias.length;
      const ofSome = channelMeans(firstImages(float, some, this.count), channels);
      for (let step = 0; step < correction.steps; step++) {
        await this.turn();
        const isLast = step === correction.steps - 1;
        const images = isLast ? this.count : some;
        const made = firstImages(bytes, images, this.count);
        const target = isLast ? channelMeans(float, channels) : ofSome;
        this.run(node, [{ ...input, bytes: firstImages(input.bytes, images, this.count) }], made);
        const corrected = correctMeans(node, input.quantization, made, target);
        node = corrected.node;
        errors.push(corrected.error);
      }
    }
    this.run(node, [input], bytes);
    const { node: _, ...facts } = quantized;
    this.layers.push({
      layer: stored.name,
      ...facts,
      ...(errors.length > 0 && { meanErrors: [errors[0], errors[errors.length - 1]] as const }),
    });
    return node;
  }

  /** Lets others have their turn, such as whoever interrupts this. */
  private async turn(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.options.signal?.throwIfAborted();
  }

  private run(node: Tf8Node, inputs: readonly BothTensors[], bytes: Uint8Array): void {
    const { kernels, threads } = this.options;
    const { rounding } = this;
    const sources = inputs.map((input) => ({ ...input, data: input.bytes }));
    runNode(node, sources, bytes, { kernels, threads, rounding });
  }

  private float(node: FloatNode, inputs: readonly BothTensors[]): Float32Array {
    const size = elements(shapeIn(this.graph, node.name));
    const output = new Float32Array(this.count * size);
    for (let first = 0; first < this.count; first += FLOAT_BATCH) {
      const end = Math.min(first + FLOAT_BATCH, this.count);
      const parts = inputs.map(({ float }, index) => {
        const shape = shapeIn(this.graph, node.inputs[index]);
        const each = elements(shape);
        return { values: float.subarray(first * each, end * each), shape };
      });
      output.set(this.floats.run(node, parts, end - first), first * size);
    }
    return output;
  }
}

function firstImages<Values extends Uint8Array | Float32Array>(
  values: Values,
  images: number,
  all: number,
): Values {
  return values.subarray(0, (values.length / all) * images) as Values;
}
