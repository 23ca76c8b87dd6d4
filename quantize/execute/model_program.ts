import type { KernelCall, Program, Shape4 } from '../kernels/kernels.ts';
import { byName } from '../model/by_name.ts';
import {
  outputNode,
  type TensorSpec,
  type Tf8Model,
  type Tf8Node,
  tensorSpecs,
  type WeightedNode,
} from '../model/tf8_model.ts';
import { BYTE_MAX } from '../params/quantization.ts';
import { activationBounds, requantizeMultiplier } from '../params/requantization.ts';
import { elements } from '../params/shape.ts';
import { layOutArena } from './arena_layout.ts';

/**
 * The kernel calls of `model` for one image, with every tensor in one arena. `outputs` names the
 * tensors that a run gives back: these keep their bytes to the end, the others' are used again.
 */
export function modelProgram(model: Tf8Model, outputs: readonly string[]): Program {
  const specs = tensorSpecs(model);
  const layout = layOutArena(lifetimes(model, specs, outputs));
  const arena = new Uint8Array(layout.bytes);
  const views = new Map(
    [...specs].map(([name, { shape }]) => {
      const offset = byName(layout.offsets, name);
      return [name, arena.subarray(offset, offset + elements(shape))] as const;
    }),
  );
  return {
    calls: model.nodes.map((node) => callOf(node, specs, views)),
    arena,
    input: byName(views, model.input.name),
    outputs: outputs.map((name) => byName(views, name)),
  };
}

/** From the node that makes a tensor to the last that reads it; to the end where it is given back. */
function lifetimes(
  model: Tf8Model,
  specs: ReadonlyMap<string, TensorSpec>,
  outputs: readonly string[],
) {
  const kept = new Set([...outputs, outputNode(model).name]);
  const first = new Map([[model.input.name, -1]]);
  const last = new Map([[model.input.name, -1]]);
  for (const [index, node] of model.nodes.entries()) {
    for (const name of node.inputs) last.set(name, index);
    first.set(node.name, index);
    last.set(node.name, index);
  }
  return [...specs].map(([name, { shape }]) => ({
    name,
    bytes: elements(shape),
    first: byName(first, name),
    last: kept.has(name) ? model.nodes.length : byName(last, name),
  }));
}

function callOf(
  node: Tf8Node,
  specs: ReadonlyMap<string, TensorSpec>,
  views: ReadonlyMap<string, Uint8Array>,
): KernelCall {
  const source = byName(specs, node.inputs[0]);
  const input = byName(views, node.inputs[0]);
  const inputShape = oneImage(source);
  const output = byName(views, node.name);
  const outputShape = oneImage(node.output);
  const tensors = { input, inputShape, output, outputShape };
  switch (node.op) {
    case 'conv2d':
    case 'depthwiseConv2d': {
      const { strides, padding, weights } = node;
      const filterShape = weights.shape;
      const call = { ...tensors, ...weightsOf(node, source), filterShape, strides, padding };
      return { op: node.op, call };
    }
    case 'fullyConnected': {
      const [, , inputDepth, outputDepth] = node.weights.shape;
      const call = {
        input,
        output,
        batch: 1,
        inputDepth,
        outputDepth,
        ...weightsOf(node, source),
      };
      return { op: node.op, call };
    }
    case 'averagePool2d':
    case 'maxPool2d': {
      const { windowShape, strides, padding } = node;
      const call = { ...tensors, windowShape, strides, padding, low: 0, high: BYTE_MAX };
      return { op: node.op, call };
    }
    case 'globalAveragePool':
      return { op: node.op, call: { input, inputShape, output } };
    case 'concat': {
      const { shape, quantization } = node.output;
      const inputs = node.inputs.map((name) => {
        const { shape, quantization: from } = byName(specs, name);
        return {
          data: byName(views, name),
          channels: shape[2],
          zeroPoint: from.zeroPoint,
          multiplier: Math.fround(from.scale / quantization.scale),
        };
      });
      const outputZeroPoint = quantization.zeroPoint;
      return {
        op: node.op,
        call: { inputs, positions: shape[0] * shape[1], outputZeroPoint, output },
      };
    }
  }
}

function weightsOf(node: WeightedNode, { quantization: input }: TensorSpec) {
  const { weights, bias, activation, output } = node;
  return {
    inputZeroPoint: input.zeroPoint,
    filter: weights.data,
    filterZeroPoint: weights.quantization.zeroPoint,
    bias,
    multiplier: requantizeMultiplier(
      input.scale,
      weights.quantization.scale,
      output.quantization.scale,
    ),
    outputZeroPoint: output.quantization.zeroPoint,
    ...activationBounds(activation, output.quantization),
  };
}

function oneImage({ shape }: TensorSpec): Shape4 {
  return [1, ...shape];
}
