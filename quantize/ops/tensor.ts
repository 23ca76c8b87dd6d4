import type { QuantizationParams } from '../params/quantization.ts';

/** [height, width, channels] of one image; the batch comes in front when the model runs. */
export type ImageShape = readonly [number, number, number];

/** [batch, height, width, channels]. */
export type Shape4 = readonly [number, number, number, number];

export interface TensorSpec {
  readonly shape: ImageShape;
  readonly quantization: QuantizationParams;
}

/** What a node of every operation has. */
export interface NodeBase<Op extends string = string> {
  readonly op: Op;
  /** slim's endpoint name; also the name of the tensor that the node makes. */
  readonly name: string;
  /** Names of nodes, or of the model's input. */
  readonly inputs: readonly string[];
  readonly output: TensorSpec;
}

/** [batch, H, W, C] of a batch of images. */
export function batchShape(batch: number, shape: ImageShape): Shape4 {
  return [batch, ...shape];
}
