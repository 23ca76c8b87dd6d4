/** The float graph that a `.tflite` file becomes, while its operators are read. */
import type { FloatNode } from '../../architectures/graph/float_node.ts';
import { outputShape } from '../../architectures/graph/operations/table.ts';
import type { Shape } from '../../architectures/graph/shape.ts';
import { TENSOR_TYPE } from '../../foundation/flatbuffers/tflite_schema.ts';
import { type TfliteConstant, TfliteConstants } from './constants.ts';
import { damagedTflite, UnsupportedOperatorError } from './errors.ts';
import type { TfliteFile, TfliteOperator, TfliteTensor } from './tflite_file.ts';

/** A tensor of the graph. */
export interface Made {
  readonly name: string;
  /** Of an image. */
  readonly shape: Shape;
}

export class GraphDraft {
  readonly nodes: FloatNode[] = [];
  private readonly file: TfliteFile;
  private readonly constants: TfliteConstants;
  /** By the index of a tensor: what it is in the graph. */
  private readonly made = new Map<number, Made>();
  /** By the index of a tensor: the constant that it is. */
  private readonly same = new Map<number, TfliteTensor>();
  private readonly names = new Set<string>();

  constructor(file: TfliteFile) {
    this.file = file;
    this.constants = new TfliteConstants(file);
  }

  tensor(index: number): TfliteTensor {
    const tensor = this.file.tensors[index];
    if (tensor === undefined) throw damagedTflite(this.file.name, 'an operator lacks a tensor');
    return tensor;
  }

  /** @param shape of an image */
  addInput(index: number, shape: Shape): Made {
    const input = { name: this.nameOf(index), shape };
    this.made.set(index, input);
    return input;
  }

  /** What a tensor is in the graph; undefined of a constant, and of one that nothing makes. */
  find(index: number): Made | undefined {
    return this.made.get(index);
  }

  /** The constant's real values; undefined of any other tensor. */
  constant(index: number): TfliteConstant | undefined {
    const tensor = this.same.get(index) ?? this.file.tensors[index];
    return tensor?.data === undefined ? undefined : this.constants.of(tensor);
  }

  /** Takes a tensor for another one that means the same numbers. */
  alias(from: number, to: number): void {
    const made = this.made.get(from);
    if (made !== undefined) this.made.set(to, made);
    else this.same.set(to, this.same.get(from) ?? this.tensor(from));
  }

  /** Whether all that the operator makes are integers that mean themselves: a shape, an index. */
  makesIntegers({ outputs }: TfliteOperator): boolean {
    return (
      outputs.length > 0 &&
      outputs.every((index) => {
        const { type, quantization } = this.tensor(index);
        const isInteger = type === TENSOR_TYPE.int32 || type === TENSOR_TYPE.int64;
        return isInteger && quantization === undefined;
      })
    );
  }

  /** Adds nodes of which the last makes the tensor. */
  add(index: number, ...nodes: readonly FloatNode[]): void {
    for (const node of nodes) {
      const inputs = node.inputs.map((name) => this.shapeOf(name));
      const shape = outputShape(node, inputs);
      if (!shape.every((side) => Number.isSafeInteger(side) && side > 0)) {
        throw damagedTflite(this.file.name, `${node.name} would be [${shape}]`);
      }
      this.nodes.push(node);
      this.names.add(node.name);
      this.shapes.set(node.name, shape);
    }
    const { name } = nodes.at(-1)!;
    this.made.set(index, { name, shape: this.shapeOf(name) });
  }

  /** A name of its own for a tensor: the first of those that its converter lists. */
  nameOf(index: number): string {
    const own = this.tensor(index).name.split(';')[0] || `tensor_${index}`;
    let name = own;
    for (let next = 2; this.names.has(name); next++) name = `${own}_${next}`;
    this.names.add(name);
    return name;
  }

  /** The network ends before the operator: what was begun for it is no part of the graph. */
  forget({ outputs }: TfliteOperator): void {
    for (const index of outputs) this.made.delete(index);
  }

  unsupported(operator: TfliteOperator, what?: string): UnsupportedOperatorError {
    const label = { operator: operator.name, tensor: this.labelOf(operator), file: this.file.name };
    return new UnsupportedOperatorError(label, what);
  }

  /** What messages call an operator: by its output. */
  labelOf({ outputs }: TfliteOperator): string {
    return this.file.tensors[outputs[0]]?.name.split(';')[0] ?? 'an operator';
  }

  private readonly shapes = new Map<string, Shape>();

  private shapeOf(name: string): Shape {
    const known = this.shapes.get(name);
    if (known !== undefined) return known;
    return [...this.made.values()].find((made) => made.name === name)!.shape;
  }
}
