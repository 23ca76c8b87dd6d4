/** What of a float graph TF8 cannot compute, by the name of the layer. */
import { type FloatGraph, shapeIn } from '../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import type { Activation } from '../../architectures/graph/operations/activation_function.ts';
import { usersOf } from '../../architectures/graph/passes/rewrite.ts';
import { isSameShape } from '../../architectures/graph/shape.ts';
import { QuantizationError } from '../params/errors.ts';
import type { ActivationKind } from '../params/requantization.ts';

/** What the layers are called in Keras that a network may have. */
const LAYERS =
  'Conv2D, DepthwiseConv2D, Conv2DTranspose, Dense, BatchNormalization, ReLU, PReLU, Activation, ZeroPadding2D, Dropout, Softmax, Reshape, Flatten, Permute, Cropping2D, UpSampling2D, AveragePooling2D, MaxPooling2D, GlobalAveragePooling2D, Concatenate, Add, Multiply, Maximum, Minimum';

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
 * Refuses a graph that is not in TF8's operations from its input to its outputs, which operations make.
 * @throws QuantizationError naming the first layer that TF8 has not
 */
export function requireTf8(graph: FloatGraph): void {
  const { name, input, nodes, outputs } = graph;
  requireImage(graph, input.name);
  for (const node of nodes) {
    requireImage(graph, node.name);
    requireNode(graph, node);
  }
  if (outputs.length > 0 && !outputs.includes(input.name)) return;
  throw new QuantizationError(
    `Expected outputs of ${name} that an operation makes but received ${outputs.length === 0 ? 'none' : `its input, ${input.name}`}`,
  );
}

/** Names of the nodes that TF8 has not, or whose tensors it cannot hold. */
export function unsupportedNodes(graph: FloatGraph): readonly string[] {
  return graph.nodes
    .filter((node) => {
      try {
        requireImage(graph, node.name);
        requireNode(graph, node);
        return false;
      } catch (error) {
        if (error instanceof QuantizationError) return true;
        throw error;
      }
    })
    .map(({ name }) => name);
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
    case 'transposedConv2d':
      requirePart(node, node.activation);
      return;
    case 'averagePool2d':
    case 'concat':
    case 'depthToSpace':
    case 'maxPool2d':
    case 'globalAveragePool':
    case 'pad':
    case 'prelu':
    case 'reshape':
    case 'slice':
    case 'spaceToDepth':
    case 'transpose':
      return;
    case 'batchNorm':
      requireChannels(graph, node, node.axis);
      throw refuse();
    case 'activation':
      return;
    case 'resize':
    case 'requantize':
      return;
    case 'softmax':
      if (usersOf(graph, node.name).length === 0) return;
      throw refuse('a softmax that is not the end of the network');
    case 'maximum':
    case 'minimum':
      requireMeeting(graph, node);
      return;
    case 'add':
    case 'subtract':
    case 'multiply':
      requirePart(node, node.activation);
      requireMeeting(graph, node);
      return;
    case 'dropout':
    case 'mean':
    case 'sum':
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

function requireChannels(graph: FloatGraph, node: FloatNode, axis: number): void {
  if (axis === -1) return;
  // As Keras counts, the batch included.
  const { length: channels } = shapeIn(graph, node.name);
  throw unsupported(
    labelOf(node),
    `its axis ${channels + 1 + axis}; TF8 normalizes channels (axis ${channels})`,
  );
}

function labelOf({ name, className, op }: FloatNode): string {
  return `${name} (${className ?? op})`;
}
