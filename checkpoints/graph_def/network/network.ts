/** A network as steps in execution order, between a file's graph and a float graph. */
import { outputSize, type PaddingScheme } from '../../../architectures/conv_layer.ts';
import type { UnreadOperation } from '../../../architectures/graph/float_network.ts';
import type { LayerOperation } from '../../../architectures/graph/graph_operation.ts';
import type { ChannelAffine, PixelRange } from '../../input_affine.ts';

/** Of one image: [H, W, C], or [C]. */
export type Shape = readonly number[];

interface StepBase {
  readonly name: string;
  /** Names of the steps that it reads. */
  readonly inputs: readonly string[];
  /** Of its output. */
  readonly shape: Shape;
  /** The file's name of the operation. */
  readonly className?: string;
}

export interface ConvStep extends StepBase {
  readonly op: 'conv2d' | 'depthwiseConv2d' | 'transposedConv2d' | 'dense';
  /** conv2d: [kh, kw, C / groups, M]; depthwiseConv2d: [kh, kw, C, multiplier]; transposedConv2d: [kh, kw, C, M]; dense: [K, M] */
  readonly kernel: Float32Array;
  readonly kernelShape: readonly number[];
  /** [M]; undefined where there is none. */
  readonly bias: Float32Array | undefined;
  readonly strides: readonly [number, number];
  /** From one tap of the window to the next; absent where both are 1. */
  readonly dilations?: readonly [number, number];
  readonly padding: PaddingScheme;
  /** Of a conv2d; absent of one. */
  readonly groups?: number;
}

export interface BatchNormStep extends StepBase {
  readonly op: 'batchNorm';
  /** [C] each */
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}

export interface PadStep extends StepBase {
  readonly op: 'pad';
  /** [[top, bottom], [left, right]] */
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
}

export interface PoolStep extends StepBase {
  readonly op: 'maxPool2d' | 'averagePool2d';
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: PaddingScheme;
}

/** A function of each value beside ReLU and ReLU6. */
export interface FunctionStep extends StepBase {
  readonly op: 'function';
  /** By Keras' name; a ReLU that is bounded, or has a slope below 0. */
  readonly function:
    | 'sigmoid'
    | 'tanh'
    | 'elu'
    | 'selu'
    | 'softplus'
    | 'softsign'
    | { readonly max: number }
    | { readonly slope: number };
}

/** x from 0 on, α · x below. */
export interface PreluStep extends StepBase {
  readonly op: 'prelu';
  readonly alpha: Float32Array;
  /** Of as many axes as the image; where it has a side of 1, it counts for all. */
  readonly alphaShape: Shape;
}

/** What Keras has no layer for. */
export interface OperationStep extends StepBase {
  readonly op: 'operation';
  readonly operation: LayerOperation;
}

export interface PlainStep extends StepBase {
  readonly op:
    | 'input'
    | 'relu'
    | 'relu6'
    | 'softmax'
    | 'globalAveragePool'
    | 'reshape'
    | 'add'
    | 'maximum'
    | 'minimum'
    | 'multiply';
}

/** Images one after another along an axis. */
export interface ConcatStep extends StepBase {
  readonly op: 'concat';
  /** Counted from the last: −1 is the channels. */
  readonly axis: number;
}

export type Step =
  | ConvStep
  | BatchNormStep
  | PadStep
  | PoolStep
  | FunctionStep
  | OperationStep
  | PreluStep
  | ConcatStep
  | PlainStep;

export interface Network {
  readonly steps: readonly Step[];
  /** Names of the steps that the network is for, and of those that what is left out reads; what the file calls these tensors. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Nodes of the graph that no step was made of, in execution order. */
  readonly unread: readonly UnreadOperation[];
  /** What it takes pixels for, where its graph says so. */
  readonly range: PixelRange | undefined;
  /** What the graph does to pixels that the steps do not. */
  readonly done: ChannelAffine | undefined;
  /** What was decided in reading the file that its user should know. */
  readonly notes: readonly string[];
}

export function isConvStep(step: Step): step is ConvStep {
  return 'kernel' in step;
}

/** [H, W] after a window moved over an image. */
export function windowedSize(
  [height, width]: Shape,
  [windowHeight, windowWidth]: readonly [number, number],
  [rows, columns]: readonly [number, number],
  padding: PaddingScheme,
): [number, number] {
  return [
    outputSize(height, windowHeight, rows, padding),
    outputSize(width, windowWidth, columns, padding),
  ];
}

/** A convolution whose linear output is multiplied by `scale` and moved by `shift`; [M] each. */
export function withAffine(step: ConvStep, scale: Float32Array, shift: Float32Array): ConvStep {
  const channels = scale.length;
  const kernel = step.kernel.map((weight, index) => weight * scale[index % channels]);
  const bias = shift.map((value, channel) => value + scale[channel] * (step.bias?.[channel] ?? 0));
  return { ...step, kernel, bias };
}
