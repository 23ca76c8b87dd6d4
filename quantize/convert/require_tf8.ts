/** What of a float graph TF8 cannot compute, by the name of the layer. */
import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import type { Activation } from '../../architectures/graph/operations/activation_function.ts';
import { usersOf } from '../../architectures/graph/passes/rewrite.ts';
import { elements, isSameShape } from '../../architectures/graph/shape.ts';
import { QuantizationError } from '../params/errors.ts';
import type { ActivationKind } from '../params/requantization.ts';

/** What the layers are called in Keras that a network may have. */
const LAYERS =
  'Conv2D, DepthwiseConv2D, Dense, BatchNormalization, ReLU, Activation, ZeroPadding2D, Dropout, Softmax, Reshape, Flatten, AveragePooling2D, MaxPooling2D, GlobalAveragePooling2D, Concatenate, Add, Multiply';

/**
 * What the activation is as a part of the layer that it follows; undefined of one that is not. A ReLU with
 * another bound is a ReLU: its output's range, which ends at the bound, puts the bound there.
 */
export function tf8Activation(activation: Activation): ActivationKind | undefined {
  if (activation === 'linear' || activation === 'relu' || activation === 'relu6') return activation;
  if (typeof activation === 'string' || activation.kind === 'composed') return undefined;
  const { slope, threshold } = activation;
  return slope === 0 && threshold === 0 ? 'relu' : undefined;
}

/**
 * The error that names the layer and what of it TF8 has not.
 * @param layer its name and, in brackets, its class
 * @param what undefined for the whole operation
 */
export function unsupported(
  layer: string,
  what = `the operation; it has ${LAYERS}`,
): QuantizationError {
  return new QuantizationError(`TF8 does not support ${layer}: ${what}`);
}

/**
 * Refuses a graph that is not in TF8's operations from its input to logits, [1, 1, classes].
 * @throws QuantizationError naming the first layer that TF8 has not
 */
export function requireTf8(graph: FloatGraph): void {
  const { name, input, nodes, outputs } = graph;
  if (outputs.length !== 1) {
    throw new QuantizationError(
      `Expected one input and one output in ${name} but received 1 and ${outputs.length}`,
    );
  }
  requireImage(graph, input.name);
  for (const node of nodes) {
    requireImage(graph, node.name);
    requireNode(graph, node);
  }
  const last = nodes.at(-1);
  if (last === undefined || last.name !== outputs[0]) {
    throw new QuantizationError(
      `Expected ${name} to end in its logits but its last operation is ${last?.name ?? 'missing'}`,
    );
  }
  const logits = shapeIn(graph, last.name);
  if (logits.at(-1) !== elements(logits)) {
    throw new QuantizationError(
      `Expected ${name} to end in logits [1, 1, classes] but ${last.name} makes [${logits}]`,
    );
  }
}

function requireImage(graph: FloatGraph, tensor: string): void {
  const shape = shapeIn(graph, tensor);
  if (shape.length === 3 || shape.length === 1) return;
  throw new QuantizationError(
    `Expected images or vectors but the output of ${tensor} is [${shape}]`,
  );
}

function requireNode(graph: FloatGraph, node: FloatNode): void {
  const refuse = (what?: string) => unsupported(labelOf(node), what);
  switch (node.op) {
    case 'conv2d':
    case 'depthwiseConv2d':
      requirePart(node, node.activation);
      return;
    case 'fullyConnected':
      requirePart(node, node.activation);
      return;
    case 'concat':
      requireChannels(graph, node, node.axis, 'joins');
      return;
    case 'averagePool2d':
    case 'maxPool2d':
    case 'globalAveragePool':
      return;
    case 'batchNorm':
      requireChannels(graph, node, node.axis, 'normalizes');
      throw refuse();
    case 'activation':
      return;
    case 'pad': {
      const [user] = usersOf(graph, node.name);
      if (user === undefined) throw refuse('zero padding with no convolution behind it');
      throw unsupported(labelOf(user), 'zero padding in front of it');
    }
    case 'reshape': {
      const user = usersOf(graph, node.name).find(({ op }) => op !== 'reshape');
      const what = `the shape [${node.target}] that ${node.name} gives to ${node.inputs[0]}`;
      throw unsupported(labelOf(user ?? node), what);
    }
    case 'softmax':
      throw refuse('a softmax that is not the end of the network');
    case 'add':
    case 'subtract':
    case 'multiply':
      requirePart(node, node.activation);
      requireMeeting(graph, node);
      return;
    case 'dropout':
      throw refuse();
  }
}

/** The second input has the first's shape, or is one value a channel. */
function requireMeeting(graph: FloatGraph, node: FloatNode): void {
  const [first, second] = node.inputs.map((input) => shapeIn(graph, input));
  const perChannel = first.map((side, axis) => (axis === first.length - 1 ? side : 1));
  if (isSameShape(first, second) || isSameShape(perChannel, second)) return;
  throw unsupported(
    labelOf(node),
    `inputs [${first}] and [${second}]; it has those of one shape, and one value a channel`,
  );
}

/** An activation that is no part of a layer has a node of its own. */
function requirePart(node: FloatNode, activation: Activation): void {
  if (tf8Activation(activation) !== undefined) return;
  const name = typeof activation === 'string' ? activation : `with parameters (${activation.kind})`;
  throw unsupported(labelOf(node), `the activation ${name} as a part; it has relu, relu6, linear`);
}

function requireChannels(graph: FloatGraph, node: FloatNode, axis: number, what: string): void {
  if (axis === -1) return;
  // As Keras counts, the batch included.
  const { length: channels } = shapeIn(graph, node.name);
  throw unsupported(
    labelOf(node),
    `its axis ${channels + 1 + axis}; TF8 ${what} channels (axis ${channels})`,
  );
}

function labelOf({ name, className, op }: FloatNode): string {
  return `${name} (${className ?? op})`;
}
