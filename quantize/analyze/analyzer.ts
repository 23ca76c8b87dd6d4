import type { FloatGraph } from '../../architectures/graph/float_graph.ts';
import { lastUses } from '../../architectures/graph/last_uses.ts';
import { elements } from '../../architectures/graph/shape.ts';
import { Tf8Plan } from '../execute/plan.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { byName } from '../model/by_name.ts';
import { outputNode, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { QuantizationError } from '../params/errors.ts';
import type { Analysis } from './analysis.ts';
import type { FloatKernels } from './float_kernels.ts';
import { FloatNetwork } from './float_network.ts';
import { type LayerInTf8, layerInTf8 } from './layer_in_tf8.ts';
import { LayerMeter } from './layer_meter.ts';
import { LogitsEffects } from './logits_effects.ts';
import { type NetworkFacts, type NetworkSums, networkAnalysis } from './network_sums.ts';
import type { ProfileMeter } from './profile_meter.ts';
import { type Activations, TensorMeter } from './tensor_meter.ts';

export interface AnalyzerOptions {
  /** The float network, batch norms folded. */
  readonly graph: FloatGraph;
  /** What `graph` was converted into. */
  readonly model: Tf8Model;
  /** Runs the float side. */
  readonly floats: FloatKernels;
  /** Run the TF8 side. */
  readonly kernels: Kernels;
  /** Threads of the whole TF8 network, 1 unless given. */
  readonly threads?: number;
  /** Measures the model's rule of requantization against the default one; whoever made it disposes of it. */
  readonly profile?: ProfileMeter | undefined;
}

/** What both networks give for a batch of images: the output of classes (`outputNode`). */
export interface BothLogits {
  /** [N, classes]; [N, H, W, C] of a network without classes */
  readonly float: Float32Array;
  /** [N, classes] as bytes, which have the order of what they stand for */
  readonly tf8: Uint8Array;
  /** The same by the default rule of requantization, where another is measured. */
  readonly plain?: Uint8Array;
}

/**
 * Finds where a TF8 network loses what its float network knows. Images stream through it: memory is
 * that of one batch, and of a few figures for each image and layer.
 */
export class Analyzer implements Disposable {
  private readonly options: AnalyzerOptions;
  private readonly plan: Tf8Plan;
  private readonly input: TensorMeter;
  private readonly layers: readonly LayerMeter[];
  private readonly inTf8: readonly LayerInTf8[];
  private readonly effects: LogitsEffects;
  private readonly lastUse: ReadonlyMap<string, number>;
  private images = 0;

  /** @throws QuantizationError where the two networks do not have the same layers */
  constructor(options: AnalyzerOptions) {
    const { graph, model, floats, kernels, threads = 1 } = options;
    requireCounterparts(graph, model);
    this.options = options;
    const specs = tensorSpecs(model);
    const outputs = model.nodes.map(({ name }) => name);
    this.plan = new Tf8Plan(model, { kernels, threads, outputs });
    this.input = new TensorMeter(model.input);
    this.effects = new LogitsEffects(new FloatNetwork(graph, floats), model);
    this.inTf8 = model.nodes.map((node) => layerInTf8(model, node, specs, kernels));
    this.layers = graph.nodes.map((exact, index) => {
      const stored = model.nodes[index];
      const inTf8 = this.inTf8[index];
      const inputs = stored.inputs.map((name) => byName(specs, name));
      return new LayerMeter({ exact, stored, inputs, inTf8 }, floats);
    });
    this.lastUse = lastUses(graph.nodes);
  }

  /**
   * Runs a batch through both networks.
   * @param images [N, H, W, C] float32
   * @returns what both of them say
   * @throws QuantizationError when the images are not whole ones of the network's size, or where the
   *   float network makes a value of them that is not finite
   */
  add(images: Float32Array): BothLogits {
    const { profile, graph } = this.options;
    const { nodes, input } = graph;
    const inNetwork = this.plan.run(images);
    const batch = images.length / elements(input.shape);
    const plain = profile?.begin(images, inNetwork, batch);
    const tensors = new Map<string, Activations>([[input.name, this.input.add(images, batch)]]);
    const main = outputNode(this.options.model).name;
    let logits = images;
    nodes.forEach(({ name, inputs }, index) => {
      const sources = inputs.map((input) => byName(tensors, input));
      const output = this.layers[index].add(sources, byName(inNetwork, name), batch);
      requireFinite(output, name);
      profile?.layer(index, output);
      tensors.set(name, output);
      if (name === main) logits = output.values;
      for (const input of inputs) if (this.lastUse.get(input) === index) tensors.delete(input);
    });
    this.images += batch;
    return { float: logits, tf8: byName(inNetwork, main), ...(plain && { plain }) };
  }

  /**
   * Finds out on some images what each layer costs the network (see `LogitsEffects`): the diagnosis
   * ranks by it. An image takes as long as some dozens of `add`, and some are enough.
   * @param images [N, H, W, C] float32
   */
  addEffects(images: Float32Array): void {
    this.effects.add(images);
  }

  /** Ends the threads of the TF8 side and frees its memory; what was found stays. */
  [Symbol.dispose](): void {
    this.plan.close();
    for (const layer of this.inTf8) layer.close();
  }

  /**
   * What images do not change.
   * @internal for the merging of shards
   */
  facts(): NetworkFacts {
    const { model, graph } = this.options;
    const { name, shape, quantization } = model.input;
    return {
      model: model.name,
      input: { name, shape, quantization },
      outputs: graph.outputs,
      layers: this.layers.map((layer) => layer.facts()),
    };
  }

  /**
   * What was counted and summed over all images.
   * @internal for the merging of shards
   */
  sums(): NetworkSums {
    const { profile } = this.options;
    return {
      images: this.images,
      input: this.input.sums(),
      layers: this.layers.map((layer) => layer.sums()),
      effects: this.effects.sums(),
      ...(profile && { profile: profile.sums() }),
    };
  }

  /**
   * What was found over all images.
   * @throws QuantizationError where there was none
   */
  analysis(): Analysis {
    return networkAnalysis(this.facts(), this.sums());
  }
}

function requireFinite({ energies }: Activations, layer: string): void {
  const energy = energies.find((sum) => !Number.isFinite(sum));
  if (energy === undefined) return;
  throw new QuantizationError(
    `Expected finite outputs of ${layer} in float but the sum of their squares is ${energy}`,
    { remedy: 'Analyze a network whose weights are finite, such as one whose training converged.' },
  );
}

/** What TF8 calls the operations that it has under another name. */
const IN_TF8: ReadonlyMap<string, string> = new Map([
  ['activation', 'lookup'],
  ['depthToSpace', 'rearrange'],
  ['pad', 'rearrange'],
  ['reshape', 'rearrange'],
  ['resize', 'rearrange'],
  ['slice', 'rearrange'],
  ['spaceToDepth', 'rearrange'],
  ['transpose', 'rearrange'],
]);

function requireCounterparts(graph: FloatGraph, model: Tf8Model): void {
  const [exact, stored] = [graph, model].map(({ nodes }) =>
    nodes.map(({ name, op }) => `${name} (${IN_TF8.get(op) ?? op})`),
  );
  const index = Array.from({ length: Math.max(exact.length, stored.length) }, (_, at) => at).find(
    (at) => exact[at] !== stored[at],
  );
  if (index === undefined) return;
  throw new QuantizationError(
    `Expected ${exact[index] ?? 'no layer'} as layer ${index} of ${model.name} but it has ${stored[index] ?? 'none'}`,
    { remedy: 'Analyze a TF8 model beside the float network that it was converted from.' },
  );
}
