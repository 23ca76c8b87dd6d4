import { requireAccumulatorFits } from '../params/accumulator.ts';
import { QuantizationError } from '../params/errors.ts';
import { windowPositions } from '../params/window.ts';
import {
  type ImageShape,
  isWeighted,
  type TensorSpec,
  type Tf8Model,
  type Tf8Node,
  type WeightedNode,
} from './tf8_model.ts';

/**
 * Proves a model sound: every input is made before it is used, shapes follow from the operations,
 * weights and biases have their lengths, and no accumulator can leave int32 (DESIGN 4).
 * @throws QuantizationError that names the node
 */
export function checkModel(model: Tf8Model): void {
  const specs = new Map<string, TensorSpec>([[model.input.name, model.input]]);
  if (model.nodes.length === 0) {
    throw new QuantizationError(`Expected at least one node in ${model.name} but received none`);
  }
  for (const node of model.nodes) {
    if (specs.has(node.name)) {
      throw new QuantizationError(`Expected unique node names but received ${node.name} twice`);
    }
    const inputs = node.inputs.map((name) => {
      const spec = specs.get(name);
      if (spec === undefined) {
        throw new QuantizationError(
          `Expected inputs that were made before ${node.name} but received "${name}"`,
        );
      }
      return spec;
    });
    checkNode(node, inputs);
    specs.set(node.name, node.output);
  }
}

function checkNode(node: Tf8Node, inputs: readonly TensorSpec[]): void {
  if (node.op !== 'concat' && inputs.length !== 1) {
    throw new QuantizationError(`Expected 1 input for ${node.name} but received ${inputs.length}`);
  }
  const shape = outputShape(node, inputs);
  if (shape.join() !== node.output.shape.join()) {
    throw new QuantizationError(
      `Expected output shape [${shape}] for ${node.name} but received [${node.output.shape}]`,
    );
  }
  if (isWeighted(node)) checkWeights(node, inputs[0]!);
}

function outputShape(node: Tf8Node, inputs: readonly TensorSpec[]): ImageShape {
  const [height, width, channels] = inputs[0]!.shape;
  switch (node.op) {
    case 'conv2d':
    case 'depthwiseConv2d': {
      const [kernelHeight, kernelWidth, , last] = node.weights.shape;
      const filters = node.op === 'conv2d' ? last : channels * last;
      return [
        ...windowPositions(
          [height, width],
          [kernelHeight, kernelWidth],
          node.strides,
          node.padding,
        ),
        filters,
      ];
    }
    case 'fullyConnected':
      return [1, 1, node.weights.shape[3]];
    case 'averagePool2d':
    case 'maxPool2d':
      return [
        ...windowPositions([height, width], node.windowShape, node.strides, node.padding),
        channels,
      ];
    case 'globalAveragePool':
      return [1, 1, channels];
    case 'concat':
      for (const { shape } of inputs) {
        if (shape[0] !== height || shape[1] !== width) {
          throw new QuantizationError(
            `Expected inputs of ${height} × ${width} for ${node.name} but received ${shape[0]} × ${shape[1]}`,
          );
        }
      }
      return [height, width, inputs.reduce((sum, { shape }) => sum + shape[2], 0)];
  }
}

function checkWeights(node: WeightedNode, input: TensorSpec): void {
  const { weights, bias } = node;
  const [kernelHeight, kernelWidth, depth, last] = weights.shape;
  const channels = input.shape[2];
  const expectedDepth =
    node.op === 'fullyConnected' ? input.shape[0] * input.shape[1] * channels : channels;
  if (depth !== expectedDepth) {
    throw new QuantizationError(
      `Expected weights for ${expectedDepth} input channels in ${node.name} but received [${weights.shape}]`,
    );
  }
  const length = kernelHeight * kernelWidth * depth * last;
  if (weights.data.length !== length) {
    throw new QuantizationError(
      `Expected ${length} weights in ${node.name} but received ${weights.data.length}`,
    );
  }
  if (bias.length !== node.output.shape[2]) {
    throw new QuantizationError(
      `Expected ${node.output.shape[2]} biases in ${node.name} but received ${bias.length}`,
    );
  }
  requireAccumulatorFits(node.name, {
    biasMax: bias.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    taps: kernelHeight * kernelWidth * (node.op === 'depthwiseConv2d' ? 1 : depth),
    inputZeroPoint: input.quantization.zeroPoint,
    weightZeroPoint: weights.quantization.zeroPoint,
  });
}
