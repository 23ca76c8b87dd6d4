import * as tf from '@tensorflow/tfjs';
import type { AttrValue } from '../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { compiledDtype, type DataType } from './attributes.ts';
import { type NodeOutput, nodeOf } from './graph.ts';
import type { VariableGraph } from './variable_graph.ts';

/** Values that are known while tracing: they become a constant when a node takes them. */
export interface KnownValues {
  readonly values: tf.BackendValues;
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
}

/** The backend whose tensors a trace gives a meaning. */
export interface TracedBackend extends tf.KernelBackend {
  /** A data id of its own, which stands for nothing yet. */
  newDataId(): tf.DataId;
}

/** What a data id stands for. */
type Meaning =
  | { readonly kind: 'values'; readonly known: KnownValues }
  | { readonly kind: 'output'; readonly output: NodeOutput }
  /** A variable as it is before the function. */
  | { readonly kind: 'variable'; readonly variable: tf.Variable }
  /** A variable as the node `change`, which changes it in place, leaves it. */
  | { readonly kind: 'changed'; readonly variable: tf.Variable; readonly change: string };

export interface OutputInfo {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
}

/** A constant of more equal values than this is made when the graph runs, not stored. */
const LONGEST_STORED_FILL = 16;

/**
 * One run of a function over the recording backend. Kernels call `add`. A variable is read at most
 * once, as it is before the function, and assigned once, whatever the function assigns in between.
 */
export class Trace {
  private readonly backend: TracedBackend;
  private readonly graph: VariableGraph;
  /** Prefix of the nodes' names: the function's. */
  private readonly scope: string;
  private readonly meanings = new WeakMap<tf.DataId, Meaning>();
  /** Small constants by what they hold. */
  private readonly constants = new Map<string, NodeOutput>();
  /** The node that reads a variable as it is before the function. */
  private readonly reads = new Map<tf.Variable, NodeOutput>();
  /** The node that reads it after it was changed in place. */
  private readonly readsOfChanged = new Map<tf.Variable, NodeOutput>();
  /** The nodes that change a variable: one, or one in place and then an assignment. */
  private readonly changes = new Map<tf.Variable, readonly string[]>();

  constructor(backend: TracedBackend, graph: VariableGraph, scope: string) {
    this.backend = backend;
    this.graph = graph;
    this.scope = scope;
  }

  /** Adds a node and returns its outputs, ready to be a kernel's result. */
  add(
    op: string,
    inputs: readonly tf.TensorInfo[],
    attributes: Readonly<Record<string, AttrValue>>,
    outputs: readonly OutputInfo[],
  ): tf.TensorInfo[] {
    const name = this.graph.node(
      op,
      `${this.scope}/${op}`,
      inputs.map((input) => this.outputOf(input)),
      { attributes },
    );
    return outputs.map((info, index) =>
      this.tensorInfo({ kind: 'output', output: index === 0 ? name : `${name}:${index}` }, info),
    );
  }

  /** As `add`, for a node of one output. */
  addOne(
    op: string,
    inputs: readonly tf.TensorInfo[],
    attributes: Readonly<Record<string, AttrValue>>,
    shape: readonly number[],
    dtype: tf.DataType,
  ): tf.TensorInfo {
    return this.add(op, inputs, attributes, [{ shape, dtype }])[0];
  }

  /**
   * Adds a node that changes variables in place (`ResourceApply…`); it takes their handles first,
   * then the values of `inputs`.
   * @param targets the variables' values, which nothing in the function has changed before
   * @returns their values after it
   */
  addChange(
    op: string,
    targets: readonly tf.TensorInfo[],
    inputs: readonly tf.TensorInfo[],
    attributes: Readonly<Record<string, AttrValue>>,
  ): tf.TensorInfo[] {
    const variables = targets.map((target) => this.unchangedVariable(op, target));
    const change = this.graph.node(
      op,
      `${this.scope}/${op}`,
      [
        ...variables.map((variable) => this.graph.handle(variable)),
        ...inputs.map((input) => this.outputOf(input)),
      ],
      { attributes },
    );
    return variables.map((variable) => {
      this.willChange(variable, change);
      return this.tensorInfo({ kind: 'changed', variable, change }, variable);
    });
  }

  /** An int32 vector that a node takes as an input: a shape, a list of axes. */
  int32(values: readonly number[]): tf.TensorInfo {
    const info = { shape: [values.length], dtype: 'int32' as const };
    return this.tensorInfo(
      { kind: 'values', known: { ...info, values: Int32Array.from(values) } },
      info,
    );
  }

  /** A float32 vector of equal values. */
  filled(value: number, size: number): tf.TensorInfo {
    const info = { shape: [size], dtype: 'float32' as const };
    const values = new Float32Array(size).fill(value);
    return this.tensorInfo({ kind: 'values', known: { ...info, values } }, info);
  }

  scalar(value: number, dtype: DataType): tf.TensorInfo {
    const info = { shape: [], dtype };
    const values = dtype === 'float32' ? Float32Array.of(value) : Int32Array.of(value);
    return this.tensorInfo({ kind: 'values', known: { ...info, values } }, info);
  }

  /** The same value under a data id of its own. */
  alias(input: tf.TensorInfo): tf.TensorInfo {
    return this.tensorInfo(this.meaningOf(input), input);
  }

  /** A tensor whose value is fed to the node that comes with it. */
  input(name: string, { shape, dtype }: OutputInfo): [tf.Tensor, NodeOutput] {
    const output = this.graph.placeholder(`${this.scope}/${name}`, shape, compiledDtype(dtype));
    return [this.tensor({ kind: 'output', output }, { shape, dtype }), output];
  }

  /** A tensor that stands for a variable as it is before the function. */
  variable(variable: tf.Variable): tf.Tensor {
    return this.tensor({ kind: 'variable', variable }, variable);
  }

  /**
   * Ends the trace: assigns the variables whose value is another now.
   * @returns the node to fetch for each output; fetching any of them changes the variables too
   */
  finish(
    outputs: tf.NamedTensorMap,
    variables: readonly tf.Variable[],
  ): Record<string, NodeOutput> {
    const values = Object.entries(outputs).map(
      ([name, tensor]) => [name, this.outputOf(tensor), compiledDtype(tensor.dtype)] as const,
    );
    const changes = variables.flatMap((variable) => this.change(variable) ?? []);
    return Object.fromEntries(
      values.map(([name, value, dtype]) => {
        const attributes = this.graph.typed(dtype);
        const options = { attributes, after: changes };
        return [name, this.graph.node('Identity', `${this.scope}/${name}`, [value], options)];
      }),
    );
  }

  holdValues(dataId: tf.DataId, known: KnownValues): void {
    this.meanings.set(dataId, { kind: 'values', known });
  }

  /** @throws Error for a value that only the running graph has */
  knownValues(dataId: tf.DataId): tf.BackendValues {
    const meaning = this.meanings.get(dataId);
    if (meaning?.kind === 'values') return meaning.known.values;
    throw new Error(
      'Expected a function without dataSync(), data() or array() but it reads a value that is known only when the graph runs',
    );
  }

  /** The node that gives a variable its last value; undefined where it keeps its first. */
  private change(variable: tf.Variable): string | undefined {
    const meaning = this.meaningOf(variable);
    if (meaning.kind === 'variable' && meaning.variable === variable) return undefined;
    if (meaning.kind === 'changed' && meaning.variable === variable) return meaning.change;
    const change = this.graph.node(
      'AssignVariableOp',
      `${this.scope}/AssignVariableOp`,
      [this.graph.handle(variable), this.outputOf(variable)],
      { attributes: this.graph.dtyped(variable) },
    );
    this.willChange(variable, change);
    return change;
  }

  /**
   * A change waits for the change before it, and for the node that reads the value between them,
   * whichever is recorded first.
   */
  private willChange(variable: tf.Variable, change: string): void {
    const earlier = this.changes.get(variable) ?? [];
    this.changes.set(variable, [...earlier, change]);
    const read = (earlier.length === 0 ? this.reads : this.readsOfChanged).get(variable);
    for (const before of [...earlier, ...(read === undefined ? [] : [nodeOf(read)])]) {
      this.graph.runAfter(change, before);
    }
  }

  private unchangedVariable(op: string, target: tf.TensorInfo): tf.Variable {
    const meaning = this.meaningOf(target);
    if (meaning.kind === 'variable' && !this.changes.has(meaning.variable)) return meaning.variable;
    throw new Error(
      `Expected a variable that the function has not changed before for ${op} but received ${meaning.kind === 'variable' || meaning.kind === 'changed' ? `${meaning.variable.name}, which it has` : 'a tensor'}`,
    );
  }

  private tensor(meaning: Meaning, info: OutputInfo): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.tensorInfo(meaning, info), this.backend);
  }

  private tensorInfo(meaning: Meaning, { shape, dtype }: OutputInfo): tf.TensorInfo {
    const dataId = this.backend.newDataId();
    this.meanings.set(dataId, meaning);
    return { dataId, shape: [...shape], dtype };
  }

  private meaningOf({ dataId, shape, dtype }: tf.TensorInfo): Meaning {
    let meaning = this.meanings.get(dataId);
    if (meaning === undefined) {
      // A tensor of another backend, made before the trace: its value is part of the function.
      meaning = { kind: 'values', known: { values: tf.engine().readSync(dataId), shape, dtype } };
      this.meanings.set(dataId, meaning);
    }
    return meaning;
  }

  /** The output that holds a tensor's value; constants and reads are recorded once they are needed. */
  private outputOf(tensor: tf.TensorInfo): NodeOutput {
    const meaning = this.meaningOf(tensor);
    switch (meaning.kind) {
      case 'output':
        return meaning.output;
      case 'variable':
        return this.read(meaning.variable);
      case 'values': {
        const output = this.constant(meaning.known);
        this.meanings.set(tensor.dataId, { kind: 'output', output });
        return output;
      }
      case 'changed':
        return this.readChanged(meaning.variable, meaning.change);
    }
  }

  private read(variable: tf.Variable): NodeOutput {
    let read = this.reads.get(variable);
    if (read === undefined) {
      read = this.graph.read(variable, this.scope);
      this.reads.set(variable, read);
      const [change] = this.changes.get(variable) ?? [];
      if (change !== undefined) this.graph.runAfter(change, nodeOf(read));
    }
    return read;
  }

  private readChanged(variable: tf.Variable, change: string): NodeOutput {
    let read = this.readsOfChanged.get(variable);
    if (read === undefined) {
      read = this.graph.read(variable, this.scope, [change]);
      this.readsOfChanged.set(variable, read);
      const [, assignment] = this.changes.get(variable) ?? [];
      if (assignment !== undefined) this.graph.runAfter(assignment, nodeOf(read));
    }
    return read;
  }

  private constant({ values, shape, dtype }: KnownValues): NodeOutput {
    const compiled = compiledDtype(dtype);
    const numbers = values as ArrayLike<number>;
    if (numbers.length <= LONGEST_STORED_FILL) return this.smallConstant(numbers, shape, compiled);
    const first = numbers[0];
    if (!Array.prototype.every.call(numbers, (value) => Object.is(value, first))) {
      return this.graph.constant(`${this.scope}/Const`, numbers, shape, compiled);
    }
    const dims = this.smallConstant(shape, [shape.length], 'int32');
    const value = this.smallConstant([first], [], compiled);
    return this.graph.node('Fill', `${this.scope}/Fill`, [dims, value], {
      attributes: this.graph.typed(compiled),
    });
  }

  /** One node for all that hold the same: a session runs each node anew at every call. */
  private smallConstant(
    numbers: ArrayLike<number>,
    shape: readonly number[],
    dtype: DataType,
  ): NodeOutput {
    const bits = Array.from(numbers, (value) => (Object.is(value, -0) ? '-0' : value));
    const key = `${dtype}[${shape}] ${bits}`;
    let constant = this.constants.get(key);
    if (constant === undefined) {
      constant = this.graph.constant(`${this.scope}/Const`, numbers, shape, dtype);
      this.constants.set(key, constant);
    }
    return constant;
  }
}
