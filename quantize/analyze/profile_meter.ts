import { Tf8Plan } from '../execute/plan.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { byName } from '../model/by_name.ts';
import {
  outputNode,
  roundingOf,
  type Tf8Model,
  tensorSpecs,
  withRounding,
} from '../model/tf8_model.ts';
import { quantizeArray } from '../params/quantization.ts';
import { DEFAULT_ROUNDING } from '../params/roundings.ts';
import type { ProfileAnalysis, ProfileLayer } from './analysis.ts';
import { type LayerInTf8, layerInTf8 } from './layer_in_tf8.ts';
import { realValues } from './real_values.ts';
import { joinedSqnr, SqnrMeter, type SqnrSums, sqnrStatistics } from './sqnr_meter.ts';
import type { Activations } from './tensor_meter.ts';

export interface ProfileMeterOptions {
  /** By the rule that is measured. */
  readonly model: Tf8Model;
  /** What the same float network was quantized to for the default rule. */
  readonly plain: Tf8Model;
  readonly kernels: Kernels;
  /** Threads of the whole networks, 1 unless given. */
  readonly threads?: number;
}

/** What is counted of a layer over images. */
export interface ProfileLayerSums extends Omit<ProfileLayer, 'sqnrDb' | 'defaultSqnrDb'> {
  readonly sqnr: SqnrSums;
  /** Absent of a layer that only the measured rule has. */
  readonly defaultSqnr?: SqnrSums;
}

export interface ProfileSums {
  readonly name: ProfileAnalysis['name'];
  readonly layers: readonly ProfileLayerSums[];
}

export function joinedProfile({ name, layers }: ProfileSums, other: ProfileSums): ProfileSums {
  return { name, layers: layers.map((layer, at) => joinedLayer(layer, other.layers[at])) };
}

export function profileAnalysis({ name, layers }: ProfileSums): ProfileAnalysis {
  return {
    name,
    layers: layers.map(({ sqnr, defaultSqnr, ...counts }) => ({
      ...counts,
      sqnrDb: sqnrStatistics(sqnr).meanDb,
      ...(defaultSqnr && { defaultSqnrDb: sqnrStatistics(defaultSqnr).meanDb }),
    })),
  };
}

function joinedLayer(a: ProfileLayerSums, b: ProfileLayerSums): ProfileLayerSums {
  return {
    layer: a.layer,
    elements: a.elements + b.elements,
    differingHere: a.differingHere + b.differingHere,
    differing: a.differing + b.differing,
    maxDifference: Math.max(a.maxDifference, b.maxDifference),
    sqnr: joinedSqnr(a.sqnr, b.sqnr),
    ...(a.defaultSqnr &&
      b.defaultSqnr && { defaultSqnr: joinedSqnr(a.defaultSqnr, b.defaultSqnr) }),
  };
}

type Tensors = ReadonlyMap<string, Uint8Array>;

/** What goes through the networks now. */
interface Running {
  /** By the rule that is measured, the input's included. */
  readonly measured: Tensors;
  /** The same network by the default rule. */
  readonly otherwise: Tensors;
  readonly plain: Tensors;
  readonly batch: number;
}

/**
 * What a rule of requantization (eq. 16) costs against the default one, layer by layer: the bytes that the
 * rule alone changes, in the layer and up to it, and what both networks keep of the float one.
 */
export class ProfileMeter implements Disposable {
  private readonly model: Tf8Model;
  private readonly plain: Tf8Model;
  private readonly otherwisePlan: Tf8Plan;
  /** The other one where the plain model has the same nodes. */
  private readonly plainPlan: Tf8Plan;
  private readonly layers: readonly LayerCounts[];
  private running: Running | undefined;

  constructor({ model, plain, kernels, threads = 1 }: ProfileMeterOptions) {
    this.model = model;
    this.plain = plain;
    const otherwise = withRounding(model, DEFAULT_ROUNDING);
    const planOf = (network: Tf8Model) => {
      const outputs = network.nodes.map(({ name }) => name);
      return new Tf8Plan(network, { kernels, threads, outputs });
    };
    this.otherwisePlan = planOf(otherwise);
    this.plainPlan = plain.nodes === model.nodes ? this.otherwisePlan : planOf(plain);
    const specs = tensorSpecs(model);
    const plainSpecs = tensorSpecs(plain);
    this.layers = model.nodes.map(
      (node) =>
        new LayerCounts({
          layer: node.name,
          inputs: node.inputs,
          alone: layerInTf8(otherwise, node, specs, kernels),
          reals: realValues(node.output.quantization),
          plainReals: realsOf(plainSpecs, node.name),
        }),
    );
  }

  /**
   * Runs a batch through the networks by the default rule.
   * @param images [N, H, W, C] float32
   * @param measured what the measured network makes of them in every layer
   * @returns [N, classes] the main output of the plain network
   * @internal for the analyzer
   */
  begin(images: Float32Array, measured: Tensors, batch: number): Uint8Array {
    const { name, quantization } = this.model.input;
    const otherwise = this.otherwisePlan.run(images);
    const plain = this.plainPlan === this.otherwisePlan ? otherwise : this.plainPlan.run(images);
    const input = quantizeArray(images, quantization);
    this.running = { measured: new Map([...measured, [name, input]]), otherwise, plain, batch };
    return byName(plain, outputNode(this.plain).name);
  }

  /**
   * Compares a layer of the batch.
   * @param exact what the float network makes of the batch in the layer of this index
   * @internal for the analyzer
   */
  layer(index: number, exact: Activations): void {
    if (this.running !== undefined) this.layers[index].add(exact, this.running);
  }

  /**
   * What was counted and summed over all images.
   * @internal for the merging of shards
   */
  sums(): ProfileSums {
    return { name: roundingOf(this.model), layers: this.layers.map((layer) => layer.sums()) };
  }

  /** Ends the threads of the networks and frees their memory; what was found stays. */
  [Symbol.dispose](): void {
    this.otherwisePlan.close();
    this.plainPlan.close();
    for (const layer of this.layers) layer.close();
  }
}

interface CountedLayer {
  readonly layer: string;
  readonly inputs: readonly string[];
  /** By the default rule. */
  readonly alone: LayerInTf8;
  /** [256] of the output's bytes. */
  readonly reals: Float32Array;
  /** [256] of the plain network's; undefined where it has no such layer. */
  readonly plainReals: Float32Array | undefined;
}

class LayerCounts {
  private readonly of: CountedLayer;
  private readonly sqnr = new SqnrMeter();
  private readonly plainSqnr = new SqnrMeter();
  private elements = 0;
  private differingHere = 0;
  private differing = 0;
  private maxDifference = 0;

  constructor(of: CountedLayer) {
    this.of = of;
  }

  add({ values, energies }: Activations, { measured, otherwise, plain, batch }: Running): void {
    const { layer, inputs, alone, reals, plainReals } = this.of;
    const bytes = byName(measured, layer);
    const here = alone.run(
      inputs.map((name) => byName(measured, name)),
      batch,
    );
    const before = byName(otherwise, layer);
    this.elements += bytes.length;
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== here[i]) this.differingHere++;
      if (bytes[i] === before[i]) continue;
      this.differing++;
      this.maxDifference = Math.max(this.maxDifference, Math.abs(bytes[i] - before[i]));
    }
    this.sqnr.compareBytes(values, bytes, reals, energies);
    if (plainReals === undefined) return;
    this.plainSqnr.compareBytes(values, byName(plain, layer), plainReals, energies);
  }

  sums(): ProfileLayerSums {
    const { elements, differingHere, differing, maxDifference } = this;
    return {
      layer: this.of.layer,
      elements,
      differingHere,
      differing,
      maxDifference,
      sqnr: this.sqnr.sums(),
      ...(this.of.plainReals !== undefined && { defaultSqnr: this.plainSqnr.sums() }),
    };
  }

  close(): void {
    this.of.alone.close();
  }
}

function realsOf(specs: ReturnType<typeof tensorSpecs>, name: string): Float32Array | undefined {
  const spec = specs.get(name);
  return spec && realValues(spec.quantization);
}
