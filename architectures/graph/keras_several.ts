import type { FloatNode } from './float_node.ts';
import { baseOf, type KerasLayer } from './keras_layer.ts';

/** Keras' Maximum and Minimum of two tensors and more, two by two. */
export function extremeNodes(layer: KerasLayer): FloatNode[] {
  const { name, inputs, className } = layer;
  const [first, ...others] = inputs;
  let a = first;
  return others.map((b, index): FloatNode => {
    const result = index === others.length - 1 ? name : `${name}/${index + 1}`;
    const op = className === 'Maximum' ? 'maximum' : 'minimum';
    const node: FloatNode = { ...baseOf(layer), op, name: result, inputs: [a, b] };
    a = result;
    return node;
  });
}
