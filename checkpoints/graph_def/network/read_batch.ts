/** Nodes that take the batch of one image off and put it on again: they change nothing of an image. */
import { IDENTITY } from '../../input_affine.ts';
import type { FlatNode } from './flatten.ts';
import { MAP_ITEM, MAP_STACK } from './map_loops.ts';
import type { NetworkDraft } from './network_draft.ts';
import { dimensionsOf } from './read_shapes.ts';

/**
 * Reads a node that only takes the batch off or puts it on.
 * @returns whether it is one
 * @throws UnsupportedNodeError for any other node that reads an image without its batch
 */
export function readBatch(draft: NetworkDraft, node: FlatNode): boolean {
  const [input] = node.inputs;
  const isOff = input !== undefined && draft.unbatched.has(input.node);
  const change = isOff ? puts(draft, node) : takes(draft, node);
  if (!change) {
    const reads = node.inputs.some(({ node: from }) => draft.unbatched.has(from));
    const isElementwise = ELEMENTWISE.has(node.op);
    if (reads && !isElementwise) throw draft.unsupported(node, 'of an image without its batch');
    if (reads) draft.unbatched.add(node);
    return false;
  }
  const producer = draft.sourceOf(node, input);
  if (producer.op === 'input') draft.scaling.add(node, input.node, IDENTITY);
  if (!isOff) draft.unbatched.add(node);
  draft.pass(node, producer);
  return true;
}

/** Of each value, whatever the axes. */
const ELEMENTWISE = new Set(['Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Cast']);

/** Whether the node takes the batch off what it reads. */
function takes(draft: NetworkDraft, { op, attributes, inputs }: FlatNode): boolean {
  const [input] = inputs;
  if (input === undefined || draft.stepOf(input.node) === undefined) return false;
  const axes = (name: string) => attributes.integers(name) ?? [];
  switch (op) {
    case MAP_ITEM:
      return true;
    case 'Unpack':
      return (axes('axis')[0] ?? 0) === 0 && axes('num')[0] === 1;
    case 'Squeeze':
      return axes('squeeze_dims').join() === '0';
    // x[0]: the one image.
    case 'StridedSlice': {
      const begin = inputs[1] && dimensionsOf(draft, inputs[1].node)?.values;
      return begin?.join() === '0' && axes('shrink_axis_mask')[0] === 1;
    }
    default:
      return false;
  }
}

/** Whether the node puts a batch in front of what it reads. */
function puts(draft: NetworkDraft, { op, attributes, inputs }: FlatNode): boolean {
  const mask = (name: string) => attributes.integers(name)?.[0] ?? 0;
  switch (op) {
    case MAP_STACK:
      return true;
    case 'Pack':
      return inputs.length === 1 && mask('axis') === 0;
    case 'ExpandDims': {
      const axis = inputs[1] && dimensionsOf(draft, inputs[1].node)?.values[0];
      return axis === 0;
    }
    // x[None], x[None, …]: what follows the new axis is whole.
    case 'StridedSlice': {
      const bounds = inputs[1] && dimensionsOf(draft, inputs[1].node)?.values.length;
      if (bounds === undefined || mask('new_axis_mask') !== 1) return false;
      const all = 2 ** bounds - 2;
      const isWhole = (mask('begin_mask') & all) === all && (mask('end_mask') & all) === all;
      return mask('shrink_axis_mask') === 0 && (isWhole || mask('ellipsis_mask') === all);
    }
    default:
      return false;
  }
}
