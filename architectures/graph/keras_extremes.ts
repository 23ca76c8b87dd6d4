import type { FloatNode } from './float_node.ts';
import { baseOf, type KerasLayer } from './keras_layer.ts';
import { elements } from './shape.ts';

/**
 * Keras' Maximum and Minimum of two tensors and more in sums and differences:
 *
 *     max(a, b) = b + relu(a − b)
 *     min(a, b) = a − relu(a − b)
 *
 * In 8 bits the result is rounded twice: the difference at its own scale, then the sum at the result's.
 * One value a channel meets every position.
 */
export function extremeNodes(layer: KerasLayer): FloatNode[] {
  const { name, inputs, inputShapes, className } = layer;
  const [first, ...others] = inputs
    .map((tensor, index) => ({ tensor, size: elements(inputShapes[index]) }))
    .toSorted((a, b) => b.size - a.size)
    .map(({ tensor }) => tensor);
  let a = first;
  return others.flatMap((b, index): FloatNode[] => {
    const result = index === others.length - 1 ? name : `${name}/${index + 1}`;
    const base = baseOf(layer);
    const difference: FloatNode = {
      ...base,
      op: 'subtract',
      name: `${result}/difference`,
      inputs: [a, b],
      activation: 'relu',
    };
    const isMaximum = className === 'Maximum';
    const last: FloatNode = {
      ...base,
      op: isMaximum ? 'add' : 'subtract',
      name: result,
      inputs: [isMaximum ? b : a, difference.name],
      activation: 'linear',
    };
    a = result;
    return [difference, last];
  });
}
