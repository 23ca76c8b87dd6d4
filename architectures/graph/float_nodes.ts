import * as tf from '@tensorflow/tfjs';
import type { Padding } from '../../quantize/params/window.ts';
import {
  type FloatImages,
  type FloatNode,
  type FloatPoolNode,
  type FloatWeightedNode,
  isWeightedFloat,
} from './float_graph.ts';

/**
 * The operations of a float network in TensorFlow.js. Weights become tensors when they are first
 * needed and are held until `dispose`, by their arrays: nodes that share a kernel share its tensor.
 */
export class FloatNodes {
  private readonly constants = new Map<Float32Array, tf.Tensor>();

  /** Makes a node's weights tensors now: a function that is being compiled must find them made. */
  hold(node: FloatNode): void {
    if (isWeightedFloat(node)) this.weights(node);
  }

  /** The output [N, H, W, C] of one node for a batch of N images. */
  run(node: FloatNode, inputs: readonly FloatImages[], batch: number): Float32Array {
    const output = tf.tidy(() =>
      this.apply(
        node,
        inputs.map(({ values, shape }) => tf.tensor4d(values, [batch, ...shape])),
      ),
    );
    try {
      return output.dataSync<'float32'>();
    } finally {
      output.dispose();
    }
  }

  /**
   * The output [N, H, W, C] of one node.
   * @param inputs [N, H, W, C] each
   */
  apply(node: FloatNode, inputs: readonly tf.Tensor4D[]): tf.Tensor4D {
    const input = inputs[0];
    switch (node.op) {
      case 'conv2d':
      case 'depthwiseConv2d':
      case 'fullyConnected': {
        const { kernel, bias } = this.weights(node);
        const strides: [number, number] = [...node.strides];
        const linear =
          node.op === 'fullyConnected'
            ? input
                .reshape<tf.Tensor2D>([input.shape[0], -1])
                .matMul<tf.Tensor2D>(kernel as tf.Tensor2D)
                .reshape<tf.Tensor4D>([input.shape[0], 1, 1, -1])
            : node.op === 'conv2d'
              ? tf.conv2d(input, kernel as tf.Tensor4D, strides, explicit(node.padding))
              : tf.depthwiseConv2d(
                  padded(input, node.padding),
                  kernel as tf.Tensor4D,
                  strides,
                  'valid',
                );
        const sum = linear.add<tf.Tensor4D>(bias);
        if (node.activation === 'relu6') return sum.relu6();
        return node.activation === 'relu' ? sum.relu() : sum;
      }
      case 'averagePool2d':
      case 'maxPool2d':
        return pooled(node, input);
      case 'globalAveragePool':
        return input.mean<tf.Tensor4D>([1, 2], true);
      case 'concat':
        return tf.concat([...inputs], 3);
    }
  }

  dispose(): void {
    tf.dispose([...this.constants.values()]);
    this.constants.clear();
  }

  private weights({ op, kernel, kernelShape, bias }: FloatWeightedNode) {
    const shape = op === 'fullyConnected' ? kernelShape.slice(2) : kernelShape;
    return {
      kernel: this.constant(kernel, shape),
      bias: this.constant(bias, [bias.length]),
    };
  }

  private constant(values: Float32Array, shape: readonly number[]): tf.Tensor {
    const held = this.constants.get(values);
    if (held !== undefined) return held;
    const made = tf.keep(tf.tensor(values, [...shape]));
    this.constants.set(values, made);
    return made;
  }
}

/** Pools over the positions inside the image: tfjs-node has no explicit padding for pools. */
function pooled(
  { op, windowShape, strides, padding }: FloatPoolNode,
  input: tf.Tensor4D,
): tf.Tensor4D {
  const pool = op === 'maxPool2d' ? tf.maxPool : tf.avgPool;
  const inside = (x: tf.Tensor4D) => pool(x, [...windowShape], [...strides], 'valid');
  if (Object.values(padding).every((side) => side === 0)) return inside(input);
  if (op === 'maxPool2d') return inside(padded(input, padding, -Infinity));
  const [, height, width] = input.shape;
  // (Σ inside / positions) / (number inside / positions)
  return inside(padded(input, padding)).div(
    inside(padded(tf.ones([1, height, width, 1]), padding)),
  );
}

type ExplicitPadding = [[number, number], [number, number], [number, number], [number, number]];

function explicit({ top, bottom, left, right }: Padding): ExplicitPadding {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

function padded(x: tf.Tensor4D, padding: Padding, value = 0): tf.Tensor4D {
  return tf.pad(x, explicit(padding), value) as tf.Tensor4D;
}
