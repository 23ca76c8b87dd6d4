import type { Kernels } from '../kernels/kernels.ts';
import { outputNode, type Tf8Model } from '../model/tf8_model.ts';
import { Tf8Plan } from './plan.ts';

/**
 * Runs a TF8 model on given kernels, on one thread: the logits, or every layer. Each of the two is a
 * plan of its own, compiled when it is first needed.
 */
export class Tf8Executor {
  readonly model: Tf8Model;
  readonly kernels: Kernels;
  #logits: Tf8Plan | undefined;
  #layers: Tf8Plan | undefined;

  constructor(model: Tf8Model, kernels: Kernels) {
    this.model = model;
    this.kernels = kernels;
  }

  /** Number of the model's outputs. */
  get classes(): number {
    return outputNode(this.model).output.shape[2];
  }

  /**
   * @param images [N, H, W, C] float32 in the range of the model's input
   * @returns the logits [N, classes] as real numbers
   * @throws QuantizationError when the images are not the model's size, or hold NaN
   */
  runFloat(images: Float32Array): Float32Array {
    return this.#plan().predict(images);
  }

  /**
   * @param input [N, H, W, C] uint8, quantized by the model's input parameters
   * @returns the logits [N, classes] uint8, in a new array
   */
  run(input: Uint8Array): Uint8Array {
    return this.#plan().run(input).get(outputNode(this.model).name)!.slice();
  }

  /**
   * Every tensor of the network by name, the input's included; [N, H, W, C] uint8 each. The arrays
   * are overwritten by the next run.
   */
  runLayers(input: Uint8Array): ReadonlyMap<string, Uint8Array> {
    const { model, kernels } = this;
    const outputs = [model.input.name, ...model.nodes.map(({ name }) => name)];
    this.#layers ??= new Tf8Plan(model, { kernels, outputs });
    return this.#layers.run(input);
  }

  #plan(): Tf8Plan {
    this.#logits ??= new Tf8Plan(this.model, { kernels: this.kernels });
    return this.#logits;
  }
}
