import type { RearrangeNode } from '../../ops/rearrange.ts';
import type { ImageShape } from '../../ops/tensor.ts';
import { littleEndian } from '../../params/little_endian.ts';
import type { OnnxGraph } from './graph.ts';

/** From [1, H, W, C] to ONNX's [1, C, H, W], and back. */
const TO_ONNX = [0, 3, 1, 2] as const;
const FROM_ONNX = [0, 2, 3, 1] as const;

/** Where TF8's axes of [1, H, W, C] lie in ONNX. */
const PLACES = [0, 2, 3, 1] as const;

/**
 * Adds what gives a tensor's values other places, whatever their type: the tensor of the node's name.
 * @param shape the input's
 * @param source the input's name
 * @param addZero adds the constant of that name, what stands for zero
 */
export function addArrangement(
  graph: OnnxGraph,
  { name, arrangement, output }: RearrangeNode,
  [height, width, channels]: ImageShape,
  source: string,
  addZero: (name: string) => void,
): void {
  const numbers = (part: string, values: readonly number[]) => {
    const integers = BigInt64Array.from(values, BigInt);
    const bytes = new Uint8Array(integers.buffer);
    graph.constant(`${name}/${part}`, 'int64', [values.length], bytes);
    return `${name}/${part}`;
  };
  /** By way of a shape with more axes, in another order. */
  const throughAxes = (split: readonly number[], perm: readonly number[]) => {
    const [apart, moved] = [`${name}/apart`, `${name}/moved`];
    graph.node('Reshape', [source, numbers('split', split)], apart);
    graph.node('Transpose', [apart], moved, { perm });
    const [rows, columns, depth] = output.shape;
    graph.node('Reshape', [moved, numbers('shape', [1, depth, rows, columns])], name);
  };
  switch (arrangement.kind) {
    case 'pad': {
      const { top, left, bottom, right } = arrangement.padding;
      const pads = numbers('pads', [0, 0, top, left, 0, 0, bottom, right]);
      addZero(`${name}/zero`);
      graph.node('Pad', [source, pads, `${name}/zero`], name);
      return;
    }
    case 'slice': {
      const { begin, strides } = arrangement;
      const ends = output.shape.map((size, axis) => begin[axis] + (size - 1) * strides[axis] + 1);
      const bounds = [
        numbers('starts', begin),
        numbers('ends', ends),
        numbers('axes', PLACES.slice(1)),
        numbers('steps', strides),
      ];
      graph.node('Slice', [source, ...bounds], name);
      return;
    }
    case 'transpose': {
      const whole = [0, ...arrangement.permutation.map((axis) => axis + 1)];
      graph.node('Transpose', [source], name, {
        perm: TO_ONNX.map((axis) => PLACES[whole[axis]]),
      });
      return;
    }
    case 'reshape': {
      const [rows, columns] = [`${name}/rows_first`, `${name}/reshaped`];
      graph.node('Transpose', [source], rows, { perm: FROM_ONNX });
      graph.node('Reshape', [rows, numbers('shape', [1, ...output.shape])], columns);
      graph.node('Transpose', [columns], name, { perm: TO_ONNX });
      return;
    }
    case 'depthToSpace': {
      const { block } = arrangement;
      throughAxes([1, block, block, channels / block ** 2, height, width], [0, 3, 4, 1, 5, 2]);
      return;
    }
    case 'spaceToDepth': {
      const { block } = arrangement;
      throughAxes([1, channels, height / block, block, width / block, block], [0, 3, 5, 1, 2, 4]);
      return;
    }
    case 'repeat': {
      const [rows, columns] = arrangement.times;
      const apart = `${name}/apart`;
      const shape = [1, channels, height, 1, width, 1];
      graph.node('Reshape', [source, numbers('split', shape)], apart);
      const tiles = numbers('times', [1, 1, 1, rows, 1, columns]);
      graph.node('Tile', [apart, tiles], `${name}/tiled`);
      const whole = numbers('shape', [1, channels, height * rows, width * columns]);
      graph.node('Reshape', [`${name}/tiled`, whole], name);
      return;
    }
  }
}

/** What stands for zero in real numbers. */
export function addRealZero(graph: OnnxGraph, name: string): void {
  graph.constant(name, 'float', [], littleEndian(Float32Array.of(0)));
}
