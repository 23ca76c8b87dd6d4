import { type FloatGraph, floatGraph } from '../../../architectures/graph/float_graph.ts';
import type { FloatNode } from '../../../architectures/graph/float_node.ts';
import { extremeNodes } from '../../../architectures/graph/keras_several.ts';
import {
  type Activation,
  reluOf,
} from '../../../architectures/graph/operations/activation_function.ts';
import { dropUnread } from '../../../architectures/graph/passes/drop_unread.ts';
import { transposedPlacement } from '../../../architectures/graph/transposed_window.ts';
import { dilatedWindow, NO_PADDING, samePadding } from '../../../architectures/graph/window.ts';
import type { GraphOrigin } from '../../read_model.ts';
import {
  type ConvStep,
  type FunctionStep,
  isConvStep,
  type Network,
  type PoolStep,
  type Shape,
  type Step,
} from './network.ts';

/**
 * A network as a float graph: [H, W, C] of an image to the network's outputs. Nodes have the names of the
 * steps, as far as tfjs takes them.
 */
export function floatGraphOf(
  network: Network,
  name: string,
): { readonly graph: FloatGraph; readonly origin: GraphOrigin } {
  const names = namesOf(network.steps);
  const shapes = new Map(network.steps.map((step) => [names.get(step.name)!, step.shape]));
  const input = network.steps.find(({ op }) => op === 'input')!;
  const nodes: FloatNode[] = [];
  for (const step of network.steps) {
    const named = {
      ...step,
      name: names.get(step.name)!,
      inputs: step.inputs.map((from) => names.get(from)!),
    };
    nodes.push(...nodesOf(named, shapes));
  }
  const outputs = new Map(
    [...network.outputs].map(([step, tensor]) => [names.get(step)!, tensor] as const),
  );
  const graph = floatGraph({
    name,
    input: { name: names.get(input.name)!, shape: input.shape },
    nodes,
    outputs: [...outputs.keys()],
  });
  return { graph: dropUnread(graph), origin: { input: input.name, outputs } };
}

/** Names that tfjs takes for layers: letters, digits, `-`, `.`, `_` and `/`. */
function namesOf(steps: readonly Step[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const step of steps) {
    let name = step.name.replace(/[^-A-Za-z0-9._/]/g, '_').replace(/^(?![A-Za-z0-9])/, 'node');
    while (taken.has(name)) name += '_';
    taken.add(name);
    names.set(step.name, name);
  }
  return names;
}

/** The last one makes what the step makes. */
function nodesOf(step: Step, shapes: ReadonlyMap<string, Shape>): readonly FloatNode[] {
  const { name, inputs, className } = step;
  const base = { name, inputs, ...(className !== undefined && { className }) };
  const x = shapes.get(inputs[0])!;
  if (isConvStep(step)) return [{ ...base, ...weighted(step, x) }];
  switch (step.op) {
    case 'batchNorm': {
      const { gamma, beta, mean, variance, epsilon } = step;
      return [{ ...base, op: 'batchNorm', axis: -1, gamma, beta, mean, variance, epsilon }];
    }
    case 'pad': {
      const [[top, bottom], [left, right]] = step.padding;
      return [{ ...base, op: 'pad', padding: { top, bottom, left, right } }];
    }
    case 'maxPool2d':
    case 'averagePool2d':
      return [{ ...base, op: step.op, ...windowOf(step, x) }];
    case 'relu':
    case 'relu6':
      return [{ ...base, op: 'activation', activation: step.op }];
    case 'function':
      return [{ ...base, op: 'activation', activation: activationOf(step.function) }];
    case 'prelu':
      return [{ ...base, op: 'prelu', alpha: step.alpha, alphaShape: step.alphaShape }];
    case 'operation':
      return [{ ...step.operation, ...base }];
    case 'concat':
      return [{ ...base, op: 'concat', axis: step.axis }];
    case 'add':
    case 'multiply':
      return [{ ...base, op: step.op, activation: 'linear' }];
    case 'maximum':
    case 'minimum':
      return extremeNodes(step.op, base);
    case 'reshape':
      return [{ ...base, op: 'reshape', target: step.shape }];
    case 'globalAveragePool':
    case 'softmax':
      return [{ ...base, op: step.op }];
    case 'input':
      return [];
  }
}

function weighted(step: ConvStep, x: Shape) {
  const { kernel, kernelShape, strides, padding, dilations, groups } = step;
  const bias = step.bias ?? new Float32Array(step.shape.at(-1)!);
  const plain = { kernel, bias, strides, activation: 'linear' } as const;
  if (step.op === 'dense') {
    const [depth, outputs] = kernelShape;
    const shape = [1, 1, depth, outputs] as const;
    return { ...plain, op: 'fullyConnected', kernelShape: shape, padding: NO_PADDING } as const;
  }
  const [kh, kw, depth, last] = kernelShape;
  if (step.op === 'transposedConv2d') {
    const placed = transposedPlacement(x, step.shape, [kh, kw], strides, padding);
    return { ...plain, op: step.op, kernelShape: [kh, kw, depth, last], ...placed } as const;
  }
  const window = dilatedWindow([kh, kw], dilations);
  return {
    ...plain,
    op: step.op,
    kernelShape: [kh, kw, depth, last],
    padding: padding === 'same' ? samePadding(x, window, strides) : NO_PADDING,
    ...(dilations && { dilations }),
    ...(step.op === 'conv2d' && groups !== undefined && { groups }),
  } as const;
}

function windowOf({ window, strides, padding }: PoolStep, x: Shape) {
  return {
    windowShape: window,
    strides,
    padding: padding === 'same' ? samePadding(x, window, strides) : NO_PADDING,
  };
}

function activationOf(f: FunctionStep['function']): Activation {
  if (typeof f === 'string') return f;
  return 'max' in f
    ? reluOf({ max: f.max, slope: 0, threshold: 0 })
    : reluOf({ max: Infinity, slope: f.slope, threshold: 0 });
}
