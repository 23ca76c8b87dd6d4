import { operationOf } from '../ops/table.ts';
import { QuantizationError } from '../params/errors.ts';
import { INT32_MAX, requireScale, requireZeroPoint } from '../params/quantization.ts';
import { outputNames, type TensorSpec, type Tf8Model, type Tf8Node } from './tf8_model.ts';

/**
 * Proves a model sound: every input is made before it is used, shapes follow from the operations, the
 * outputs are nodes, weights and biases have their lengths, scales are normal single-precision numbers,
 * and no accumulator can leave int32 (eq. 4).
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
  checkOutputs(model);
}

function checkOutputs(model: Tf8Model): void {
  const names = outputNames(model);
  const nodes = new Set(model.nodes.map(({ name }) => name));
  const stranger = names.find((name) => !nodes.has(name));
  if (names.length > 0 && stranger === undefined && new Set(names).size === names.length) return;
  const received = stranger === undefined ? `[${names.join(', ')}]` : `"${stranger}"`;
  throw new QuantizationError(
    `Expected different nodes of ${model.name} as its outputs but received ${received}`,
  );
}

/** One image's tensor has at most 2³¹ − 1 bytes: a damaged shape must not become an allocation. */
function checkTensor(name: string, { shape, quantization }: TensorSpec): void {
  const elements = shape.reduce((product, side) => product * side, 1);
  if (!(elements >= 1 && elements <= INT32_MAX)) {
    throw new QuantizationError(
      `Expected 1 to ${INT32_MAX} elements in ${name} but its shape is [${shape}]`,
    );
  }
  requireScale(`the scale of ${name}`, quantization.scale);
  requireZeroPoint(`the zero point of ${name}`, quantization.zeroPoint);
}

const INPUTS = {
  one: { least: 1, most: 1, words: '1 input' },
  two: { least: 2, most: 2, words: '2 inputs' },
  several: { least: 1, most: Infinity, words: 'inputs' },
};

function checkNode(node: Tf8Node, inputs: readonly TensorSpec[]): void {
  const operation = operationOf(node);
  const { least, most, words } = INPUTS[operation.arity];
  if (inputs.length < least || inputs.length > most) {
    throw new QuantizationError(`Expected ${words} for ${node.name} but received ${inputs.length}`);
  }
  checkTensor(node.name, node.output);
  const shape = operation.outputShape(node, inputs);
  if (shape.join() !== node.output.shape.join()) {
    throw new QuantizationError(
      `Expected output shape [${shape}] for ${node.name} but received [${node.output.shape}]`,
    );
  }
  operation.checkNode?.(node, inputs);
}
