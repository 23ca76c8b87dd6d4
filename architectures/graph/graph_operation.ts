import * as tf from '@tensorflow/tfjs';
import type { FloatNode } from './float_node.ts';
import { operationOf, outputShape } from './operations/table.ts';

type WithoutPlace<Node> = Node extends FloatNode
  ? Omit<Node, 'name' | 'inputs' | 'className'>
  : never;

/** What Keras has no layer for, or none as general, as a float graph's node has it. */
export type LayerOperation = WithoutPlace<
  Extract<
    FloatNode,
    {
      op:
        | 'activation'
        | 'add'
        | 'depthToSpace'
        | 'mean'
        | 'multiply'
        | 'requantize'
        | 'resize'
        | 'slice'
        | 'spaceToDepth'
        | 'subtract'
        | 'sum'
        | 'transpose';
    }
  >
>;

interface GraphOperationConfig {
  readonly name: string;
  /** Of numbers that JSON has. */
  readonly operation: LayerOperation;
}

/** An operation of float graphs as a layer without weights. */
export class GraphOperation extends tf.layers.Layer {
  static readonly className = 'GraphOperation';
  private readonly operation: LayerOperation;

  constructor(config: GraphOperationConfig) {
    super({ name: config.name });
    this.operation = config.operation;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const { node } = this;
    return tf.tidy(() =>
      operationOf(node).run(node, { tf, inputs: [inputs].flat(), constants: {} }),
    );
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const shapes = (Array.isArray(inputShape[0]) ? inputShape : [inputShape]) as tf.Shape[];
    const images = shapes.map((shape) => shape.slice(1) as number[]);
    return [shapes[0][0], ...outputShape(this.node, images)];
  }

  override getConfig(): tf.serialization.ConfigDict {
    const operation = this.operation as unknown as tf.serialization.ConfigDict;
    return { ...super.getConfig(), operation };
  }

  private get node(): FloatNode {
    return { ...this.operation, name: this.name, inputs: [] };
  }
}

tf.serialization.registerClass(GraphOperation);
