/**
 * The float graph that an ONNX model becomes, while its operators are read. ONNX has images as [N, C, H, W],
 * a float graph as [H, W, C]: each tensor says how its axes stand in the graph.
 */
import { GraphError } from '../../architectures/graph/errors.ts';
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import { outputShape } from '../../architectures/graph/operations/table.ts';
import { elements, type Shape } from '../../architectures/graph/shape.ts';
import type { AttributeProto, NodeProto } from '../../foundation/onnx/generated/onnx_pb.ts';
import { UnsupportedOnnxError } from './errors.ts';
import type { OnnxConstant } from './tensors.ts';

/** A tensor of the network. */
export interface Made {
  /** Of the graph's tensor. */
  readonly name: string;
  /** As ONNX has it, without the batch. */
  readonly dims: Shape;
  /**
   * How the graph has it: an image [C, H, W] as [H, W, C]; anything else as it is (`plain`); an image that
   * was flattened as the image [H, W, C] that it was (`flat`).
   */
  readonly layout: 'image' | 'plain' | 'flat';
}

export class OnnxDraft {
  readonly nodes: FloatNode[] = [];
  /** The version of ONNX's own operators. */
  readonly opset: number;
  /** How many images the file takes at once: 1 where it leaves it open. */
  readonly batch: number;
  private readonly file: string;
  private readonly made = new Map<string, Made>();
  private readonly constants: Map<string, OnnxConstant>;
  private readonly shapes = new Map<string, Shape>();

  constructor(
    constants: Map<string, OnnxConstant>,
    file: string,
    { opset, batch }: { readonly opset: number; readonly batch: number },
  ) {
    this.constants = constants;
    this.file = file;
    this.opset = opset;
    this.batch = batch;
  }

  addInput(made: Made): void {
    this.made.set(made.name, made);
    this.shapes.set(made.name, graphShape(made));
  }

  find(name: string): Made | undefined {
    return this.made.get(name);
  }

  constant(name: string): OnnxConstant | undefined {
    return this.constants.get(name);
  }

  setConstant(name: string, constant: OnnxConstant): void {
    this.constants.set(name, constant);
  }

  /** An operator's input that is computed. */
  input(node: NodeProto, at = 0): Made {
    const made = this.made.get(node.input[at] ?? '');
    if (made !== undefined) return made;
    throw this.unsupported(node, `${node.opType} of what the images do not come into`);
  }

  /** The numbers of a constant input; undefined where it is left out. */
  numbers(node: NodeProto, at: number): number[] | undefined {
    const name = node.input[at] ?? '';
    if (name === '') return undefined;
    return [...this.required(node, at, 'numbers').values];
  }

  required(node: NodeProto, at: number, what: string): OnnxConstant {
    const constant = this.constants.get(node.input[at] ?? '');
    if (constant !== undefined) return constant;
    throw this.unsupported(node, `${what} that are computed, or missing`);
  }

  /** Adds nodes of which the last makes an operator's output. */
  add(output: string, layout: 'image' | 'plain', ...nodes: readonly FloatNode[]): Made {
    for (const node of nodes) {
      const inputs = node.inputs.map((name) => this.shapes.get(name)!);
      const shape = outputShape(node, inputs);
      if (!shape.every((side) => Number.isSafeInteger(side) && side > 0)) {
        throw new GraphError(`Expected sides of at least 1 but ${node.name} would be [${shape}]`);
      }
      this.nodes.push(node);
      this.shapes.set(node.name, shape);
    }
    const { name } = nodes.at(-1)!;
    const shape = this.shapes.get(name)!;
    const dims = layout === 'image' ? [shape[2], shape[0], shape[1]] : shape;
    return this.set(output, { name, dims, layout });
  }

  /** Takes a tensor of the graph for an operator's output. */
  set(output: string, made: Made): Made {
    this.made.set(output, made);
    return made;
  }

  /** The tensor as an image. */
  asImage(node: NodeProto, made: Made): Made {
    if (made.layout === 'image') return made;
    if (made.layout === 'flat' || made.dims.length !== 3) {
      throw this.unsupported(node, `[N,${made.dims}] as an image`);
    }
    const name = this.freeName(`${made.name}/image`);
    return this.add(name, 'image', moved(name, made, [1, 2, 0]));
  }

  /** The tensor with its axes as ONNX has them. */
  asPlain(made: Made): Made {
    if (made.layout === 'plain') return made;
    const shape = this.shapes.get(made.name)!;
    const name = this.freeName(`${made.name}/plain`);
    if (shape[0] === 1 && shape[1] === 1) {
      return this.add(name, 'plain', {
        op: 'reshape',
        name,
        inputs: [made.name],
        target: made.dims,
      });
    }
    const first = moved(made.layout === 'flat' ? `${name}/axes` : name, made, [2, 0, 1]);
    if (made.layout === 'image') return this.add(name, 'plain', first);
    const last: FloatNode = { op: 'reshape', name, inputs: [first.name], target: made.dims };
    return this.add(name, 'plain', first, last);
  }

  /** [H, W, C] of an image, and of one that was flattened. */
  shapeOf({ name }: Made): Shape {
    return this.shapes.get(name)!;
  }

  /** What every node of an operator has. */
  base(node: NodeProto, inputs: readonly Made[]) {
    return {
      name: this.freeName(node.output[0]),
      inputs: inputs.map(({ name }) => name),
      className: node.opType,
    };
  }

  unsupported(node: NodeProto, what?: string) {
    return new UnsupportedOnnxError(
      { operator: node.opType, tensor: node.output[0] ?? node.name, file: this.file },
      what,
    );
  }

  private freeName(wanted: string): string {
    let name = wanted;
    for (let next = 2; this.shapes.has(name); next++) name = `${wanted}_${next}`;
    return name;
  }
}

function moved(name: string, { name: from }: Made, permutation: readonly number[]): FloatNode {
  return { op: 'transpose', name, inputs: [from], permutation };
}

function graphShape({ dims, layout }: Made): Shape {
  return layout === 'image' ? [dims[1], dims[2], dims[0]] : dims;
}

/** The values of an image that stand in ONNX's order [C, H, W], by the graph's [H, W, C]. */
export function flattenedOrder([height, width, channels]: Shape): Int32Array {
  const order = new Int32Array(elements([height, width, channels]));
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) order[at++] = (c * height + y) * width + x;
    }
  }
  return order;
}

export class Attributes {
  private readonly byName: ReadonlyMap<string, AttributeProto>;

  constructor({ attribute }: NodeProto) {
    this.byName = new Map(attribute.map((one) => [one.name, one]));
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  int(name: string, otherwise: number): number {
    const value = this.byName.get(name)?.i;
    return value === undefined ? otherwise : Number(value);
  }

  float(name: string, otherwise: number): number {
    return this.byName.get(name)?.f ?? otherwise;
  }

  ints(name: string): number[] | undefined {
    return this.byName.get(name)?.ints.map(Number);
  }

  text(name: string): string | undefined {
    const bytes = this.byName.get(name)?.s;
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  get(name: string): AttributeProto | undefined {
    return this.byName.get(name);
  }
}
