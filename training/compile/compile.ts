import * as tf from '@tensorflow/tfjs';
import { InvalidValueError, messageOf } from '../../foundation/errors.ts';
import { compiledDtype } from './attributes.ts';
import type { NodeOutput } from './graph.ts';
import type { IsolatedOp } from './isolate_ops.ts';
import { recordingBackend } from './kernels/register.ts';
import { RECORDING } from './recording_backend.ts';
import { type Signature, savedModelBytes } from './saved_model.ts';
import { type GraphSession, Session } from './session.ts';
import { Trace } from './trace.ts';
import { type VariableAccess, VariableGraph } from './variable_graph.ts';

/**
 * A function over tensors, written with TensorFlow.js: named tensors in, named tensors out. It may
 * read and assign `tf.Variable`s and compute gradients; it runs in a tidy of its own.
 */
export type TensorFunction = (inputs: tf.NamedTensorMap) => tf.NamedTensorMap;

/** How a function is compiled. */
export interface CompileOptions {
  /**
   * Takes the variables' values as they are now for constants, which libtensorflow can fold and fuse:
   * faster inference, by functions that may not assign.
   */
  readonly frozen?: boolean;
  /** As `frozen`, for these variables only. */
  readonly constants?: readonly tf.Variable[];
  /** Ops that libtensorflow's own kernels compute where oneDNN is on. */
  readonly isolated?: readonly IsolatedOp[];
  /** Loads a `saved_model.pb` into a session; tfjs-node's own unless given. */
  readonly session?: (savedModel: Uint8Array) => GraphSession;
}

/** A function as it was traced for inputs of certain shapes. */
interface Concrete {
  readonly inputs: Readonly<Record<string, NodeOutput>>;
  readonly outputs: Readonly<Record<string, NodeOutput>>;
  readonly signature: Signature;
}

/**
 * Functions compiled into one libtensorflow session, which holds the variables that they use: a
 * `tf.function` for TensorFlow.js. A function is traced when it is called with inputs of new shapes
 * or dtypes. Needs the TensorFlow backend, active.
 *
 * The values of the variables are the session's; `pull` brings them back to the `tf.Variable`s and
 * `push` takes theirs up. Tracing pulls: what was assigned to a variable of the session since and not
 * pushed is lost then.
 */
export class CompiledFunctions<Name extends string = string> {
  private readonly functions: Readonly<Record<Name, TensorFunction>>;
  private readonly frozen: boolean;
  private readonly constants: ReadonlySet<tf.Variable>;
  private readonly isolated: readonly IsolatedOp[];
  private readonly newSession: (savedModel: Uint8Array) => GraphSession;
  private graph = new VariableGraph();
  private concretes: ReadonlyMap<string, Concrete> = new Map();
  private loaded: { readonly session: GraphSession; readonly access: VariableAccess } | undefined;

  constructor(functions: Readonly<Record<Name, TensorFunction>>, options: CompileOptions = {}) {
    this.functions = functions;
    this.frozen = options.frozen ?? false;
    this.constants = new Set(options.constants);
    this.isolated = options.isolated ?? [];
    this.newSession = options.session ?? ((savedModel) => new Session(savedModel));
  }

  /**
   * Runs a function in the session. In which order the inputs are named does not matter.
   * @returns its outputs, the caller's to dispose
   * @throws UncompilableError where the function uses what cannot be recorded, Error with
   *   libtensorflow's message where that refuses the graph; all is as before then
   */
  call(name: Name, inputs: tf.NamedTensorMap): tf.NamedTensorMap {
    const { feeds, names, outputs } = this.prepare(name, inputs);
    return named(names, this.loaded!.session.run(feeds, outputs));
  }

  /** As `call`, beside the event loop where the session can; `inputs` may change once it has begun. */
  async callAsync(name: Name, inputs: tf.NamedTensorMap): Promise<tf.NamedTensorMap> {
    const { feeds, names, outputs } = this.prepare(name, inputs);
    return named(names, await this.loaded!.session.runAsync(feeds, outputs));
  }

  /** What the session takes for a call, once it knows the function. */
  private prepare(name: Name, inputs: tf.NamedTensorMap) {
    if (tf.getBackend() !== 'tensorflow') {
      throw new Error(
        `Expected the active backend tensorflow for the compiled function ${name} but received ${tf.getBackend()}`,
      );
    }
    const key = keyOf(name, inputs);
    const concrete = this.concretes.get(key) ?? this.compile(key, name, inputs);
    const feeds = Object.entries(concrete.inputs).map(
      ([input, placeholder]) => [placeholder, inputs[input]] as const,
    );
    const names = Object.keys(concrete.outputs);
    return { feeds, names, outputs: Object.values(concrete.outputs) };
  }

  /** Gives the `tf.Variable`s the values that the session has. */
  pull(): void {
    if (this.loaded === undefined) return;
    const { session, access } = this.loaded;
    session.run([], access.values).forEach((value, index) => {
      access.variables[index].assign(value);
      value.dispose();
    });
  }

  /** Gives the session the values that the `tf.Variable`s have. */
  push(): void {
    if (this.loaded === undefined) return;
    const { session, access } = this.loaded;
    const feeds = access.variables.map(
      (variable, index) => [access.feeds[index], variable as tf.Tensor] as const,
    );
    tf.dispose(session.run(feeds, [access.assigned]));
  }

  /** Frees the session; the `tf.Variable`s keep the values that they have. */
  dispose(): void {
    this.loaded?.session.dispose();
    this.loaded = undefined;
    this.concretes = new Map();
    this.graph = new VariableGraph();
  }

  /**
   * Traces a function. A graph cannot grow within a session: a new session takes the old one's
   * variables over.
   */
  private compile(key: string, name: Name, inputs: tf.NamedTensorMap): Concrete {
    const graph = new VariableGraph(this.graph);
    const concrete = this.trace(name, inputs, graph);
    const concretes = new Map([...this.concretes, [key, concrete]]);
    const access = graph.access();
    const signatures = [...concretes].map(([call, { signature }]) => [call, signature] as const);
    const session = this.newSession(
      savedModelBytes(graph, Object.fromEntries(signatures), this.isolated),
    );
    this.pull();
    this.loaded?.session.dispose();
    this.loaded = { session, access };
    this.graph = graph;
    this.concretes = concretes;
    this.push();
    return concrete;
  }

  /** Runs a function over the recording backend; the variables are as before afterwards. */
  private trace(name: Name, inputs: tf.NamedTensorMap, graph: VariableGraph): Concrete {
    const variables = Object.values(tf.engine().registeredVariables);
    const originals = tf.tidy(() => variables.map((variable) => tf.keep(variable.clone())));
    const active = tf.getBackend();
    const backend = recordingBackend();
    let concrete: Concrete | undefined;
    try {
      setBackend(RECORDING);
      backend.trace = new Trace(backend, graph, name);
      tf.tidy(() => {
        concrete = this.record(name, inputs, backend.active, variables);
      });
      return concrete!;
    } catch (error) {
      throw asUncompilable(error, name);
    } finally {
      tf.dispose(variablesBut(variables));
      backend.trace = undefined;
      setBackend(active);
      variables.forEach((variable, index) => {
        variable.assign(originals[index]);
        originals[index].dispose();
      });
    }
  }

  private record(
    name: Name,
    inputs: tf.NamedTensorMap,
    trace: Trace,
    variables: readonly tf.Variable[],
  ): Concrete {
    const isConstant = (variable: tf.Variable) => this.frozen || this.constants.has(variable);
    const changeable = variables.filter((variable) => !isConstant(variable));
    for (const variable of changeable) variable.assign(trace.variable(variable));
    const before = variables.map(({ dataId }) => dataId);
    const tensors: tf.NamedTensorMap = {};
    const placeholders: Record<string, NodeOutput> = {};
    for (const [input, info] of Object.entries(inputs)) {
      [tensors[input], placeholders[input]] = trace.input(input, info);
    }
    const results = this.functions[name](tensors);
    if (Object.keys(results).length === 0) {
      throw new InvalidValueError('Expected at least one output but received none');
    }
    const [made] = variablesBut(variables);
    if (made !== undefined) {
      throw new InvalidValueError(
        `Expected a function that makes no variable but it makes ${made.name}`,
      );
    }
    const changed = variables.find(
      (variable, index) => isConstant(variable) && variable.dataId !== before[index],
    );
    if (changed !== undefined) {
      throw new InvalidValueError(
        `Expected a function that assigns no constant but it assigns ${changed.name}`,
      );
    }
    const outputs = trace.finish(results, changeable);
    const signature = {
      inputs: signatureOf(inputs, placeholders),
      outputs: signatureOf(results, outputs),
    };
    return { inputs: placeholders, outputs, signature };
  }
}

/** One function, compiled by itself; `call` gives what it would, the caller's to dispose. */
export interface CompiledFunction {
  readonly call: TensorFunction;
  /** Frees the session. */
  readonly dispose: () => void;
}

/**
 * As `CompiledFunctions`, for one function; `call` throws as theirs does.
 * @param run is traced when it is called first
 */
export function compile(run: TensorFunction, options: CompileOptions = {}): CompiledFunction {
  const compiled = new CompiledFunctions({ run }, options);
  return {
    call: (inputs) => compiled.call('run', inputs),
    dispose: () => compiled.dispose(),
  };
}

/** A function that cannot be compiled; it can be run as it is. */
export class UncompilableError extends Error {
  override readonly name = 'UncompilableError';
}

function asUncompilable(error: unknown, name: string): UncompilableError {
  const kernel = /kernel '(\w+)' (?:not registered )?for backend/i.exec(messageOf(error))?.[1];
  const why =
    kernel === undefined
      ? messageOf(error)
      : `TensorFlow.js' kernel ${kernel} has no recording (training/compile/kernels)`;
  return new UncompilableError(`Expected a function that can be compiled for ${name} but: ${why}`, {
    cause: error,
  });
}

/** The same for calls that run the same graph. */
function keyOf(name: string, inputs: tf.NamedTensorMap): string {
  const infos = Object.entries(inputs).map(
    ([input, { dtype, shape }]) => `${input}: ${dtype}[${shape}]`,
  );
  return `${name}(${infos.sort()})`;
}

function named(names: readonly string[], values: readonly tf.Tensor[]): tf.NamedTensorMap {
  return Object.fromEntries(names.map((name, index) => [name, values[index]]));
}

/** The variables there are now without those of before. */
function variablesBut(before: readonly tf.Variable[]): tf.Variable[] {
  const known = new Set(before);
  return Object.values(tf.engine().registeredVariables).filter((variable) => !known.has(variable));
}

/** Backends that exist already are set before the promise is made. */
function setBackend(name: string): void {
  void tf.setBackend(name);
}

function signatureOf(
  tensors: tf.NamedTensorMap,
  nodes: Readonly<Record<string, NodeOutput>>,
): Signature['inputs'] {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, dtype }]) => [
      name,
      { tensor: nodes[name], shape, dtype: compiledDtype(dtype) },
    ]),
  );
}
