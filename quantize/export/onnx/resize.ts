import type { ResizeNode } from '../../ops/resize.ts';
import type { ImageShape } from '../../ops/tensor.ts';
import { type ResizeCorners, resizeTaps, TAP_NUMBERS } from '../../params/resize.ts';
import type { OnnxGraph } from './graph.ts';

/** ONNX's names of where places lie. */
const TRANSFORMATIONS: Readonly<Record<ResizeCorners, string>> = {
  halfPixel: 'half_pixel',
  asymmetric: 'asymmetric',
  aligned: 'align_corners',
};

/** Adds the tensor `to`, `source` at another size between its values: Resize in real numbers. */
export function addBilinear(
  graph: OnnxGraph,
  { name, corners, output: { shape } }: ResizeNode,
  source: string,
  to: string,
): void {
  const size = addIntegers(graph, `${name}/size`, [1, shape[2], shape[0], shape[1]]);
  graph.node('Resize', [source, '', '', size], to, {
    mode: 'linear',
    coordinate_transformation_mode: TRANSFORMATIONS[corners],
  });
}

/** Adds the tensor of the node's name by gathering rows and columns, whatever their type: no place is computed again. */
export function addNearest(
  graph: OnnxGraph,
  { name, method, corners, output: { shape } }: ResizeNode,
  [height, width]: ImageShape,
  source: string,
): void {
  const places = (size: number, count: number) =>
    [...resizeTaps(method, corners, size, count)].filter((_, at) => at % TAP_NUMBERS === 0);
  const rows = addIntegers(graph, `${name}/rows`, places(height, shape[0]));
  const columns = addIntegers(graph, `${name}/columns`, places(width, shape[1]));
  graph.node('Gather', [source, rows], `${name}/of_rows`, { axis: 2 });
  graph.node('Gather', [`${name}/of_rows`, columns], name, { axis: 3 });
}

function addIntegers(graph: OnnxGraph, name: string, values: readonly number[]): string {
  const integers = BigInt64Array.from(values, BigInt);
  graph.constant(name, 'int64', [values.length], new Uint8Array(integers.buffer));
  return name;
}
