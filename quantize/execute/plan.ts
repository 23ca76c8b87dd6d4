import type { CompiledProgram, Kernels, TierName } from '../kernels/kernels.ts';
import { compileProgram } from '../kernels/program.ts';
import { selectKernels } from '../kernels/select.ts';
import { outputNode, type TensorSpec, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { expected, QuantizationError } from '../params/errors.ts';
import { dequantizeArray, quantizeArray } from '../params/quantization.ts';
import { modelProgram } from './model_program.ts';

export interface PlanOptions {
  /** Kernels or the tier to take them from; the fastest that works here unless given. */
  readonly kernels?: Kernels | TierName | 'auto';
  /** Threads of the native tier, 1 unless given; the other tiers run on the caller's. */
  readonly threads?: number;
  /** Names of the tensors that `run` gives beside the logits: nodes, or the model's input. */
  readonly outputs?: readonly string[];
}

/**
 * A TF8 model compiled for a kernel tier: packed weights, and one arena in which tensors that are not
 * needed at the same time share memory. A run allocates nothing, save for its results when the batch
 * is another size than the last. It needs no TensorFlow.
 *
 * ```ts
 * const plan = new Tf8Plan(await decodeTf8(await readFile('m.tf8'), 'm.tf8'), { threads: 2 });
 * const logits = plan.predict(photographs); // Float32Array [N, classes]
 * ```
 */
export class Tf8Plan {
  readonly model: Tf8Model;
  readonly kernels: Kernels;
  /** Why faster tiers were passed over; empty when none was. */
  readonly notes: readonly string[];
  /** Names of what `run` gives: the outputs asked for, then the model's. */
  readonly outputs: readonly string[];
  readonly #specs: ReadonlyMap<string, TensorSpec>;
  readonly #program: CompiledProgram;
  #batch = 0;
  #results: readonly Uint8Array[] = [];
  #named: ReadonlyMap<string, Uint8Array> = new Map();
  #quantized = new Uint8Array(0);

  /**
   * @throws QuantizationError when the tier is not available, an output is not in the model or
   * `threads` is no integer in [1, 1024]
   */
  constructor(model: Tf8Model, options: PlanOptions = {}) {
    const { kernels = 'auto', threads = 1, outputs = [] } = options;
    if (!(Number.isInteger(threads) && threads >= 1 && threads <= 1024)) {
      throw expected('integer in [1, 1024]', 'threads', threads);
    }
    const selected = typeof kernels === 'string' ? selectKernels(kernels) : { kernels, notes: [] };
    this.model = model;
    this.kernels = selected.kernels;
    this.notes = selected.notes;
    this.#specs = tensorSpecs(model);
    for (const name of outputs) {
      if (this.#specs.has(name)) continue;
      throw expected(
        `a tensor of ${model.name}: ${[...this.#specs.keys()].join(', ')}`,
        'outputs',
        name,
      );
    }
    this.outputs = [...new Set([...outputs, outputNode(model).name])];
    this.#program = compileProgram(this.kernels, modelProgram(model, this.outputs), { threads });
  }

  /** Number of the model's outputs. */
  get classes(): number {
    return outputNode(this.model).output.shape[2];
  }

  /** Threads that a run uses. */
  get threads(): number {
    return this.#program.threads;
  }

  /**
   * The tensors of `outputs` by name, [N, H, W, C] uint8 each. The arrays are overwritten by the
   * next run: copy what you keep.
   * @param images [N, H, W, C] uint8, quantized by the model's input parameters; or float32 in the
   * range of the model's input, quantized here (DESIGN eq. 2)
   * @throws QuantizationError when the images are not whole ones of the model's size, or hold NaN
   */
  run(images: Uint8Array | Float32Array): ReadonlyMap<string, Uint8Array> {
    const { shape } = this.model.input;
    const bytes = elements(shape);
    const batch = images.length / bytes;
    if (!(Number.isInteger(batch) && batch > 0)) {
      throw new QuantizationError(
        `Expected whole images of [${shape}], ${bytes} bytes each, for ${this.model.name} but received ${images.length} bytes`,
      );
    }
    if (batch !== this.#batch) this.#allocate(batch);
    const input = images instanceof Float32Array ? this.#quantize(images) : images;
    this.#program.run(input, batch, this.#results);
    return this.#named;
  }

  /**
   * The logits [N, classes] as real numbers, in a new array.
   * @param images as `run` takes them
   */
  predict(images: Uint8Array | Float32Array): Float32Array {
    return this.dequantize(outputNode(this.model).name, this.run(images));
  }

  /** One of a run's tensors as real numbers, in a new array: scale · (q − zeroPoint). */
  dequantize(name: string, results: ReadonlyMap<string, Uint8Array>): Float32Array {
    const bytes = results.get(name);
    if (bytes === undefined) throw expected(`one of ${this.outputs.join(', ')}`, 'name', name);
    return dequantizeArray(bytes, this.#specs.get(name)!.quantization);
  }

  #quantize(images: Float32Array): Uint8Array {
    const { quantization } = this.model.input;
    if (this.#quantized.length !== images.length) this.#quantized = new Uint8Array(images.length);
    const bytes = this.#quantized;
    if (this.kernels.quantize === undefined) return quantizeArray(images, quantization, bytes);
    this.kernels.quantize(images, quantization, bytes);
    return bytes;
  }

  #allocate(batch: number): void {
    this.#results = this.outputs.map(
      (name) => new Uint8Array(batch * elements(this.#specs.get(name)!.shape)),
    );
    this.#named = new Map(this.outputs.map((name, i) => [name, this.#results[i]!]));
    this.#batch = batch;
  }
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
