import { requireAccumulatorFits } from '../params/accumulator.ts';
import { QuantizationError } from '../params/errors.ts';
import {
  INT32_MAX,
  type QuantizationParams,
  requireScale,
  requireZeroPoint,
} from '../params/quantization.ts';
import { requantizeMultiplier } from '../params/requantization.ts';
import { windowPositions } from '../params/window.ts';
import {
  type ImageShape,
  isWeighted,
  outputNode,
  type PoolNode,
  type TensorSpec,
  type Tf8Model,
  type Tf8Node,
  type WeightedNode,
} from './tf8_model.ts';

/**
 * Proves a model sound: every input is made before it is used, shapes follow from the operations
 * and end in the logits [1, 1, classes], weights and biases have their lengths, scales are normal
 * single-precision numbers, and no accumulator can leave int32 (eq. 4).
 * @throws QuantizationError that names the node
 */
export function checkModel(model: Tf8Model): void {
  checkTensor(model.input.name, model.input);
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
  const { name, output } = outputNode(model);
  if (output.shape[0] !== 1 || output.shape[1] !== 1) {
    throw new QuantizationError(
      `Expected logits [1, 1, classes] from the last node, ${name}, but its output is [${output.shape}]`,
    );
  }
}

/** One image's tensor has at most 2³¹ − 1 bytes: a damaged shape must not become an allocation. */
function checkTensor(name: string, { shape, quantization }: TensorSpec): void {
  const elements = shape.reduce((product, side) => product * side, 1);
  if (!(elements >= 1 && elements <= INT32_MAX)) {
    throw new QuantizationError(
      `Expected 1 to ${INT32_MAX} elements in ${name} but its shape is [${shape}]`,
    );
  }
  checkQuantization(name, quantization);
}

function checkQuantization(name: string, { scale, zeroPoint }: QuantizationParams): void {
  requireScale(`the scale of ${name}`, scale);
  requireZeroPoint(`the zero point of ${name}`, zeroPoint);
}

function checkNode(node: Tf8Node, inputs: readonly TensorSpec[]): void {
  const fits = node.op === 'concat' ? inputs.length >= 1 : inputs.length === 1;
  if (!fits) {
    throw new QuantizationError(
      `Expected ${node.op === 'concat' ? 'inputs' : '1 input'} for ${node.name} but received ${inputs.length}`,
    );
  }
  checkTensor(node.name, node.output);
  const shape = outputShape(node, inputs);
  if (shape.join() !== node.output.shape.join()) {
    throw new QuantizationError(
      `Expected output shape [${shape}] for ${node.name} but received [${node.output.shape}]`,
    );
  }
  if (isWeighted(node)) checkWeights(node, inputs[0]);
  else if ('windowShape' in node) checkWindow(node);
}

/** Every window holds a position of the image, so an average is over at least one. */
function checkWindow({ name, windowShape: [height, width], padding }: PoolNode): void {
  const { top, bottom, left, right } = padding;
  if (Math.max(top, bottom) >= height || Math.max(left, right) >= width) {
    throw new QuantizationError(
      `Expected padding narrower than the window ${height} × ${width} of ${name} but received ${top}, ${bottom} rows and ${left}, ${right} columns`,
    );
  }
}

function outputShape(node: Tf8Node, inputs: readonly TensorSpec[]): ImageShape {
  const [height, width, channels] = inputs[0].shape;
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
  const dense = node.op === 'fullyConnected';
  const expectedDepth = dense ? input.shape[0] * input.shape[1] * channels : channels;
  if (depth !== expectedDepth) {
    throw new QuantizationError(
      `Expected weights for ${expectedDepth} input channels in ${node.name} but received [${weights.shape}]`,
    );
  }
  if (dense && (kernelHeight !== 1 || kernelWidth !== 1)) {
    throw new QuantizationError(
      `Expected weights [1, 1, ${depth}, ${last}] in ${node.name} but received [${weights.shape}]`,
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
  checkQuantization(`the weights of ${node.name}`, weights.quantization);
  requireMultiplier(node, input);
  requireAccumulatorFits(node.name, {
    biasMax: bias.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    taps: kernelHeight * kernelWidth * (node.op === 'depthwiseConv2d' ? 1 : depth),
    inputZeroPoint: input.quantization.zeroPoint,
    weightZeroPoint: weights.quantization.zeroPoint,
  });
}

function requireMultiplier(node: WeightedNode, input: TensorSpec): void {
  const { scale } = node.output.quantization;
  try {
    requantizeMultiplier(input.quantization.scale, node.weights.quantization.scale, scale);
  } catch (error) {
    throw new QuantizationError(`${(error as QuantizationError).message}, in ${node.name}`);
  }
}
