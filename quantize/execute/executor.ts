import type { Kernels, Shape4 } from '../kernels/kernels.ts';
import {
  type ConcatNode,
  outputNode,
  type TensorSpec,
  type Tf8Model,
  type Tf8Node,
  tensorSpecs,
  type WeightedNode,
} from '../model/tf8_model.ts';
import { QuantizationError } from '../params/errors.ts';
import { dequantizeArray, quantizeArray } from '../params/quantization.ts';
import { activationBounds, requantizeMultiplier } from '../params/requantization.ts';

/**
 * Runs a TF8 model on one kernel tier: uint8 × uint8 → int32 → uint8, without TensorFlow. Buffers
 * are made at the first run of a batch size and used again.
 */
export class Tf8Executor {
  readonly model: Tf8Model;
  readonly kernels: Kernels;
  private readonly specs: ReadonlyMap<string, TensorSpec>;
  private buffers = new Map<string, Uint8Array>();
  private batch = 0;

  constructor(model: Tf8Model, kernels: Kernels) {
    this.model = model;
    this.kernels = kernels;
    this.specs = tensorSpecs(model);
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
    const quantized = quantizeArray(images, this.model.input.quantization);
    return dequantizeArray(this.run(quantized), outputNode(this.model).output.quantization);
  }

  /**
   * @param input [N, H, W, C] uint8, quantized by the model's input parameters
   * @returns the logits [N, classes] uint8, in a new array
   */
  run(input: Uint8Array): Uint8Array {
    this.execute(input);
    return this.buffers.get(outputNode(this.model).name)!.slice();
  }

  /**
   * Every tensor of the network by name, the input's included; [N, H, W, C] uint8 each. The arrays
   * are overwritten by the next run.
   */
  runLayers(input: Uint8Array): ReadonlyMap<string, Uint8Array> {
    this.execute(input);
    return this.buffers;
  }

  private execute(input: Uint8Array): void {
    const { name, shape } = this.model.input;
    const batch = input.length / elements(shape);
    if (!(Number.isInteger(batch) && batch > 0)) {
      throw new QuantizationError(
        `Expected whole images of [${shape}], ${elements(shape)} bytes each, for ${this.model.name} but received ${input.length} bytes`,
      );
    }
    if (batch !== this.batch) this.allocate(batch);
    this.buffers.set(name, input);
    for (const node of this.model.nodes) this.executeNode(node);
  }

  private allocate(batch: number): void {
    this.buffers = new Map(
      this.model.nodes.map((node) => [
        node.name,
        new Uint8Array(batch * elements(node.output.shape)),
      ]),
    );
    this.batch = batch;
  }

  private executeNode(node: Tf8Node): void {
    const source = node.inputs[0]!;
    const input = this.buffers.get(source)!;
    const inputShape = this.shapeOf(this.specs.get(source)!);
    const output = this.buffers.get(node.name)!;
    const outputShape = this.shapeOf(node.output);
    const tensors = { input, inputShape, output, outputShape };
    switch (node.op) {
      case 'conv2d':
      case 'depthwiseConv2d':
        this.kernels[node.op]({
          ...tensors,
          ...this.weightsOf(node),
          filterShape: node.weights.shape,
          strides: node.strides,
          padding: node.padding,
        });
        return;
      case 'fullyConnected':
        this.kernels.fullyConnected({
          input,
          output,
          ...this.weightsOf(node),
          batch: this.batch,
          inputDepth: node.weights.shape[2],
          outputDepth: node.weights.shape[3],
        });
        return;
      case 'averagePool2d':
      case 'maxPool2d':
        this.kernels[node.op]({
          ...tensors,
          windowShape: node.windowShape,
          strides: node.strides,
          padding: node.padding,
          ...activationBounds('linear', node.output.quantization),
        });
        return;
      case 'globalAveragePool':
        this.kernels.globalAveragePool({ input, inputShape, output });
        return;
      case 'concat':
        this.concat(node, output);
    }
  }

  private weightsOf(node: WeightedNode) {
    const { quantization: inputQuantization } = this.specs.get(node.inputs[0]!)!;
    const { weights, bias, activation, output } = node;
    return {
      inputZeroPoint: inputQuantization.zeroPoint,
      filter: weights.data,
      filterZeroPoint: weights.quantization.zeroPoint,
      bias,
      multiplier: requantizeMultiplier(
        inputQuantization.scale,
        weights.quantization.scale,
        output.quantization.scale,
      ),
      outputZeroPoint: output.quantization.zeroPoint,
      ...activationBounds(activation, output.quantization),
    };
  }

  private concat(node: ConcatNode, output: Uint8Array): void {
    const { shape, quantization } = node.output;
    this.kernels.concat({
      inputs: node.inputs.map((name) => {
        const spec = this.specs.get(name)!;
        return {
          data: this.buffers.get(name)!,
          channels: spec.shape[2],
          zeroPoint: spec.quantization.zeroPoint,
          multiplier: Math.fround(spec.quantization.scale / quantization.scale),
        };
      }),
      positions: this.batch * shape[0] * shape[1],
      outputZeroPoint: quantization.zeroPoint,
      output,
    });
  }

  private shapeOf({ shape }: TensorSpec): Shape4 {
    return [this.batch, ...shape];
  }
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
