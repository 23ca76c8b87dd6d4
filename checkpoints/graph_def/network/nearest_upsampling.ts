/**
 * Images made larger by whole numbers as TensorFlow's object detection spells it: each pixel several times
 * side by side, [H, W, C] → [H, W, k, C] → [H, k, W, k, C], as an image [kH, kW, C].
 */
import type { FlatInput, FlatNode } from './flatten.ts';

export interface NearestUpsampling {
  readonly x: FlatInput;
  /** How often each row and each column comes. */
  readonly times: readonly [number, number];
  /** Nodes before the last: no one else reads them. */
  readonly inner: readonly FlatNode[];
}

/** Axes of the copies, the batch counted. */
const COLUMN_COPIES = 3;
const ROW_COPIES = 2;

/** The upsampling that ends in `node`; undefined where it ends in none. */
export function nearestUpsamplingEndingIn(
  node: FlatNode,
  readersOf: (node: FlatNode) => number,
): NearestUpsampling | undefined {
  if (node.op !== 'Reshape') return undefined;
  const rows = copiesOf(node.inputs[0], ROW_COPIES);
  const columns = rows && copiesOf(rows.x, COLUMN_COPIES);
  if (rows === undefined || columns === undefined) return undefined;
  const isAlone = readersOf(rows.node) === 1 && readersOf(columns.node) === rows.times;
  if (!isAlone) return undefined;
  return {
    x: columns.x,
    times: [rows.times, columns.times],
    inner: [columns.node, rows.node],
  };
}

/** What is stacked several times along an axis. */
function copiesOf(input: FlatInput | undefined, axis: number) {
  const node = input?.node;
  if (node?.op !== 'Pack' || node.attributes.integers('axis')?.[0] !== axis) return undefined;
  const [x] = node.inputs;
  const isSame = node.inputs.every((each) => each.node === x.node && each.index === x.index);
  return isSame ? { node, x, times: node.inputs.length } : undefined;
}
