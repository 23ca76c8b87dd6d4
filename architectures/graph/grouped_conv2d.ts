import * as tf from '@tensorflow/tfjs';
import { dilatedWindow } from './window.ts';

interface GroupedConv2dConfig {
  readonly name: string;
  readonly filters: number;
  readonly kernelSize: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: 'same' | 'valid';
  readonly dilationRate: readonly [number, number];
  readonly groups: number;
  readonly useBias: boolean;
}

/**
 * Keras' Conv2D with groups, which that of TensorFlow.js lacks: output channel m reads the input channels of
 * group ⌊m · groups / filters⌋. With a group for each channel it is a depthwise convolution whose taps may lie
 * apart, which that of TensorFlow.js leaves out. Its weights: kernel [kh, kw, C / groups, filters], then the bias.
 */
export class GroupedConv2d extends tf.layers.Layer {
  static readonly className = 'GroupedConv2D';
  private readonly config: GroupedConv2dConfig;
  private kernel: tf.LayerVariable | undefined;
  private bias: tf.LayerVariable | undefined;

  constructor(config: GroupedConv2dConfig) {
    super({ name: config.name });
    this.config = config;
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const { filters, kernelSize, groups, useBias } = this.config;
    const channels = imageOf(inputShape)[3]!;
    const zeros = tf.initializers.zeros();
    const shape = [...kernelSize, channels / groups, filters];
    this.kernel = this.addWeight('kernel', shape, 'float32', zeros);
    if (useBias) this.bias = this.addWeight('bias', [filters], 'float32', zeros);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [x] = (Array.isArray(inputs) ? inputs : [inputs]) as tf.Tensor4D[];
      const sum = this.convolve(x, this.kernel!.read() as tf.Tensor4D);
      return this.bias === undefined ? sum : tf.add(sum, this.bias.read());
    });
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const { filters, kernelSize, strides, padding, dilationRate } = this.config;
    const [batch, ...size] = imageOf(inputShape);
    const window = dilatedWindow(kernelSize, dilationRate);
    const positions = ([0, 1] as const).map((axis) => {
      const places = padding === 'same' ? size[axis]! : size[axis]! - window[axis] + 1;
      return Math.ceil(places / strides[axis]);
    });
    return [batch, ...positions, filters];
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { kernelSize, strides, dilationRate, ...rest } = this.config;
    return {
      ...super.getConfig(),
      ...rest,
      kernelSize: [...kernelSize],
      strides: [...strides],
      dilationRate: [...dilationRate],
    };
  }

  private convolve(x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D {
    const { padding, groups, filters } = this.config;
    const strides: [number, number] = [...this.config.strides];
    const dilations: [number, number] = [...this.config.dilationRate];
    const channels = x.shape[3];
    if (groups === channels) {
      const own = kernel.reshape<tf.Tensor4D>([
        kernel.shape[0],
        kernel.shape[1],
        channels,
        filters / groups,
      ]);
      return tf.depthwiseConv2d(x, own, strides, padding, 'NHWC', dilations);
    }
    const kernels = tf.split<tf.Tensor4D>(kernel, groups, 3);
    const sums = tf
      .split<tf.Tensor4D>(x, groups, 3)
      .map((part, g) => tf.conv2d(part, kernels[g], strides, padding, 'NHWC', dilations));
    return tf.concat(sums, 3);
  }
}

function imageOf(shape: tf.Shape | tf.Shape[]): tf.Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as tf.Shape;
}

tf.serialization.registerClass(GroupedConv2d);
