// `Disposable` reaches programs whose own libraries lack it.
/// <reference lib="esnext.disposable" preserve="true" />
import type { CompiledProgram, Kernels } from '../kernels/kernels.ts';
import { compileProgram } from '../kernels/program.ts';
import { byName } from '../model/by_name.ts';
import {
  isVector,
  outputNames,
  outputNode,
  type TensorSpec,
  type Tf8Model,
  tensorSpecs,
} from '../model/tf8_model.ts';
import { expected, QuantizationError } from '../params/errors.ts';
import { dequantizeArray, quantizeArray } from '../params/quantization.ts';
import { elements } from '../params/shape.ts';
import { modelProgram } from './model_program.ts';
import { type ClassScore, classProbabilities, topClasses } from './top_classes.ts';

export interface PlanOptions {
  /** Threads that share a run, 1 unless given; a tier without threads runs on the caller's. */
  readonly threads?: number;
  /** Names of the tensors that `run` gives beside the model's outputs: nodes, or the model's input. */
  readonly outputs?: readonly string[];
}

/** What one node of a network costs. */
export interface NodeTime {
  readonly name: string;
  readonly milliseconds: number;
}

/**
 * A TF8 model compiled for a kernel tier: packed weights, and one arena in which tensors that are not
 * needed at the same time share memory. A run allocates nothing, except for its results when the batch
 * is another size than the last. It needs no TensorFlow and nothing of Node: `loadTf8` opens a file,
 * `planOn` takes a tier by its name.
 */
export class Tf8Plan implements Disposable {
  readonly model: Tf8Model;
  readonly kernels: Kernels;
  /** Why faster kernels were passed over; empty when none were. */
  readonly notes: readonly string[];
  /** Names of what `run` gives: the outputs asked for, then the model's. */
  readonly outputs: readonly string[];
  /** Threads that a run uses. */
  readonly threads: number;
  private readonly specs: ReadonlyMap<string, TensorSpec>;
  private program: CompiledProgram | undefined;
  /** For each call of the program the place of its node. */
  private readonly nodes: readonly number[];
  private batch = 0;
  private results: readonly Uint8Array[] = [];
  private named: ReadonlyMap<string, Uint8Array> = new Map();
  private quantized = new Uint8Array(0);

  /**
   * @throws QuantizationError when an output is not in the model, `outputs` is no array, or `threads` is
   * no integer in [1, 1024]
   */
  constructor(
    model: Tf8Model,
    options: PlanOptions & { readonly kernels: Kernels; readonly notes?: readonly string[] },
  ) {
    const { kernels, notes = [], threads = 1, outputs = [] } = options;
    if (!(Number.isInteger(threads) && threads >= 1 && threads <= 1024)) {
      throw expected('integer in [1, 1024]', 'threads', threads);
    }
    this.model = model;
    this.kernels = kernels;
    this.notes = notes;
    this.specs = tensorSpecs(model);
    if (!Array.isArray(outputs)) throw expected('an array of names', 'outputs', outputs);
    for (const name of outputs) {
      if (this.specs.has(name)) continue;
      throw expected(
        `a tensor of ${model.name}: ${[...this.specs.keys()].join(', ')}`,
        'outputs',
        name,
      );
    }
    this.outputs = [...new Set([...outputs, ...outputNames(model)])];
    const program = modelProgram(model, this.outputs);
    this.nodes = program.nodes;
    this.program = compileProgram(kernels, program, { threads });
    this.threads = this.program.threads;
  }

  /** Length of the output that the class names are about (`outputNode`). */
  get classes(): number {
    return outputNode(this.model).output.shape[2];
  }

  /**
   * The tensors of `outputs` by name, [N, H, W, C] uint8 each. The arrays are overwritten by the
   * next run: copy what you keep.
   * @param images [N, H, W, C] uint8, quantized by the model's input parameters; or float32 as the
   * model's preprocessing makes them, quantized here (eq. 2)
   * @throws QuantizationError when the images are of another type, are not whole ones of the model's
   * size or hold NaN, or the plan was closed
   */
  run(images: Uint8Array | Float32Array): ReadonlyMap<string, Uint8Array> {
    const program = this.open();
    requireImages('images', images);
    const { shape } = this.model.input;
    const length = elements(shape);
    const batch = images.length / length;
    if (!(Number.isInteger(batch) && batch > 0)) {
      throw new QuantizationError(
        `Expected whole images of [${shape}], ${length} values each, for ${this.model.name} but received ${images.length} values`,
      );
    }
    if (batch !== this.batch) this.allocate(batch);
    program.run(this.bytesOf(images), batch, this.results);
    return this.named;
  }

  /**
   * The logits [N, classes] as real numbers, in a new array; of a model without classes its first output,
   * [N, H, W, C]. `run` gives every output.
   * @param images as `run` takes them
   * @throws QuantizationError as `run` does
   */
  predict(images: Uint8Array | Float32Array): Float32Array {
    return this.dequantize(outputNode(this.model).name, this.run(images));
  }

  /**
   * The likeliest classes of each image, the likeliest first, by the names that the model carries.
   * @param images as `run` takes them
   * @param count classes of an image
   * @throws QuantizationError as `run` does, when `count` is no positive integer, and of a model whose
   * outputs are all images
   */
  classify(images: Uint8Array | Float32Array, count = 5): (readonly ClassScore[])[] {
    const node = outputNode(this.model);
    if (!isVector(node.output)) throw notClasses(this.model);
    const logits = this.predict(images);
    return Array.from({ length: logits.length / this.classes }, (_, n) => {
      const ofImage = logits.subarray(n * this.classes, (n + 1) * this.classes);
      return topClasses(classProbabilities(ofImage, node), this.model, count);
    });
  }

  /**
   * One of a run's tensors as real numbers, in a new array: scale · (q − zeroPoint).
   * @throws QuantizationError when `name` is none of `outputs`
   */
  dequantize(name: string, results: ReadonlyMap<string, Uint8Array>): Float32Array {
    const bytes = results.get(name);
    if (bytes === undefined) throw expected(`one of ${this.outputs.join(', ')}`, 'name', name);
    return dequantizeArray(bytes, byName(this.specs, name).quantization);
  }

  /**
   * What each node takes, in execution order, for one image on one thread. A function of each value that
   * is computed along with the layer before it takes 0, and the layer a little more.
   * @param image one image as `run` takes it
   * @throws QuantizationError as `run` does
   */
  profile(image: Uint8Array | Float32Array): readonly NodeTime[] {
    const program = this.open();
    requireImages('image', image);
    const { shape } = this.model.input;
    if (image.length !== elements(shape)) {
      throw expected(`length ${elements(shape)}, one image of [${shape}],`, 'image', image.length);
    }
    const times = program.profile(this.bytesOf(image));
    const ofNodes = new Map(this.nodes.map((node, call) => [node, times[call]]));
    return this.model.nodes.map(({ name }, i) => ({ name, milliseconds: ofNodes.get(i) ?? 0 }));
  }

  /** Ends the plan's threads and frees its memory; it cannot run any more. Twice is harmless. */
  close(): void {
    this.program?.close();
    this.program = undefined;
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  private open(): CompiledProgram {
    if (this.program !== undefined) return this.program;
    throw new QuantizationError(`Expected an open plan of ${this.model.name} but it was closed`, {
      remedy: 'Load the model again.',
    });
  }

  private bytesOf(images: Uint8Array | Float32Array): Uint8Array {
    if (images instanceof Uint8Array) return images;
    const { quantization } = this.model.input;
    if (this.quantized.length !== images.length) this.quantized = new Uint8Array(images.length);
    const bytes = this.quantized;
    if (this.kernels.quantize === undefined) return quantizeArray(images, quantization, bytes);
    this.kernels.quantize(images, quantization, bytes);
    return bytes;
  }

  private allocate(batch: number): void {
    this.results = this.outputs.map(
      (name) => new Uint8Array(batch * elements(byName(this.specs, name).shape)),
    );
    this.named = new Map(this.outputs.map((name, i) => [name, this.results[i]]));
    this.batch = batch;
  }
}

function notClasses(model: Tf8Model): QuantizationError {
  const specs = tensorSpecs(model);
  const outputs = outputNames(model).map((name) => `${name} [${byName(specs, name).shape}]`);
  return new QuantizationError(
    `Expected an output with a number for each class, [1, 1, C], of ${model.name} but it gives ${outputs.join(', ')}`,
    { remedy: 'Take its outputs from run(), as real numbers by dequantize().' },
  );
}

/** Other arrays of numbers do not say whether they are quantized: a canvas gives clamped bytes of RGBA. */
function requireImages(name: string, images: unknown): void {
  if (images instanceof Uint8Array || images instanceof Float32Array) return;
  const received = (images as object | null | undefined)?.constructor?.name ?? String(images);
  throw new QuantizationError(
    `Expected a Float32Array, or a Uint8Array of quantized values, for ${name} but received ${received}`,
    { remedy: 'Preprocess pixels as the model wants them: its "preprocessing" says how.' },
  );
}
