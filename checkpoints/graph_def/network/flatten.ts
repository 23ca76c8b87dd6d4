/**
 * A graph as the nodes that its outputs need, in execution order: functions are put in the place of
 * their calls, nodes that hand on what they read are left out, loops end where they begin anew, other cycles
 * are found.
 */
import type { UserError } from '../../../foundation/errors.ts';
import { damagedGraph } from '../graph_def.ts';
import type { GraphNode, GraphSource, NodeAttributes, NodeInput } from './graph_source.ts';

/** More than any classifier has, so that damaged or hostile files end: nodes, steps, nested calls. */
const MAX_NODES = 50_000;
const MAX_STEPS = 1_000_000;
const MAX_DEPTH = 64;

/** Operations whose output is their first input. */
const PASSING = new Set([
  'Identity',
  'StopGradient',
  'PreventGradient',
  'CheckNumerics',
  'Snapshot',
  'EnsureShape',
  'ReadVariableOp',
  'PlaceholderWithDefault',
]);

const CALLS = new Set(['PartitionedCall', 'StatefulPartitionedCall']);

/** What hands a loop's values to its next round: a cycle that is none of the graph's. */
const NEXT_ROUND = 'NextIteration';

export interface FlatInput {
  readonly node: FlatNode;
  readonly output: string | undefined;
  readonly index: number;
}

export interface FlatNode {
  /** The node's name, behind those of the calls that it was put in place of. */
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly FlatInput[];
  readonly attributes: NodeAttributes;
  /** As the file has it. */
  readonly source: GraphNode;
}

/** The names that a scope's nodes know. */
interface Scope {
  readonly prefix: string;
  readonly depth: number;
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** Arguments of the function by name: what the caller gives. */
  readonly given: ReadonlyMap<string, Place>;
  readonly calls: Map<string, { scope: Scope; results: readonly NodeInput[] }>;
}

/** An input as its scope knows it. */
interface Place {
  readonly scope: Scope;
  readonly input: NodeInput;
}

interface Found extends Place {
  readonly node: GraphNode;
  readonly name: string;
}

export interface FlatGraph {
  readonly nodes: readonly FlatNode[];
  /** What was asked for, in that order. */
  readonly outputs: readonly FlatInput[];
}

/** @throws UserError for an input that is not there, a cycle, or functions that call each other without end */
export function flatten(source: GraphSource, outputs: readonly NodeInput[]): FlatGraph {
  return new Flattening(source).run(outputs);
}

class Flattening {
  private readonly source: GraphSource;
  private steps = 0;

  constructor(source: GraphSource) {
    this.source = source;
  }

  run(outputs: readonly NodeInput[]): FlatGraph {
    const { nodes } = this.source;
    const root: Scope = { prefix: '', depth: 0, nodes, given: new Map(), calls: new Map() };
    const done = new Map<string, FlatNode>();
    const open = new Set<string>();
    const stack: { found: Found; inputs: Found[]; next: number }[] = [];
    const enter = (found: Found) => {
      if (done.size + stack.length > MAX_NODES) {
        throw this.damaged(`expected at most ${MAX_NODES} nodes but it has more`);
      }
      open.add(found.name);
      const { op, inputs: own } = found.node;
      const inputs = (op === NEXT_ROUND ? [] : own).map((input) =>
        this.find({ scope: found.scope, input }),
      );
      stack.push({ found, inputs, next: 0 });
    };
    const ends = outputs.map((input) => this.find({ scope: root, input }));
    for (const end of ends) {
      if (!done.has(end.name)) enter(end);
      // Not by recursion: a chain may be longer than the call stack.
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
        const input = top.inputs[top.next++];
        if (input === undefined) {
          stack.pop();
          open.delete(top.found.name);
          done.set(top.found.name, flatNode(top.found, top.inputs, done));
        } else if (open.has(input.name)) {
          throw this.damaged(`expected a graph without cycles but node ${input.name} needs itself`);
        } else if (!done.has(input.name)) {
          enter(input);
        }
      }
    }
    return { nodes: [...done.values()], outputs: ends.map((end) => flatInput(end, done)) };
  }

  /** The node that computes an input. */
  private find(place: Place): Found {
    let { scope, input } = place;
    for (;;) {
      if (++this.steps > MAX_STEPS) {
        throw this.damaged(
          `expected a graph that ends but ${input.node} was not reached in ${MAX_STEPS} steps`,
        );
      }
      const given = scope.given.get(input.node);
      const node = scope.nodes.get(input.node);
      if (given !== undefined) {
        ({ scope, input } = given);
      } else if (node === undefined) {
        throw this.damaged(`expected a node ${scope.prefix}${input.node} but there is none`);
      } else if (PASSING.has(node.op) && node.inputs.length > 0) {
        input = node.inputs[0];
      } else if (node.op === 'IdentityN' && node.inputs[input.index] !== undefined) {
        input = node.inputs[input.index];
      } else {
        const call = this.call(scope, node);
        if (call === undefined) return { scope, input, node, name: `${scope.prefix}${node.name}` };
        const result = call.results[input.index];
        if (result === undefined) {
          throw this.damaged(
            `expected at most ${call.results.length} results of ${node.name} but result ${input.index} is used`,
          );
        }
        ({ scope } = call);
        input = result;
      }
    }
  }

  /** The scope of the function that a node calls; undefined for a node that calls none. */
  private call(scope: Scope, node: GraphNode) {
    const functionName = CALLS.has(node.op) ? node.attributes.functionName('f') : node.op;
    const called = this.source.functions.get(functionName ?? '');
    if (called === undefined) return undefined;
    const known = scope.calls.get(node.name);
    if (known !== undefined) return known;
    if (scope.depth === MAX_DEPTH) {
      throw this.damaged(
        `expected functions that end but ${functionName} is called ${MAX_DEPTH} calls deep`,
      );
    }
    const given = new Map<string, Place>();
    called.parameters.forEach((parameter, index) => {
      const input = node.inputs[index];
      if (input !== undefined) given.set(parameter, { scope, input });
    });
    const call = {
      scope: {
        prefix: `${scope.prefix}${node.name}/`,
        depth: scope.depth + 1,
        nodes: called.nodes,
        given,
        calls: new Map(),
      },
      results: called.results,
    };
    scope.calls.set(node.name, call);
    return call;
  }

  private damaged(what: string): UserError {
    return damagedGraph(this.source.fileName, what);
  }
}

function flatNode(
  { node, name }: Found,
  inputs: readonly Found[],
  done: ReadonlyMap<string, FlatNode>,
): FlatNode {
  return {
    name,
    op: node.op,
    inputs: inputs.map((input) => flatInput(input, done)),
    attributes: node.attributes,
    source: node,
  };
}

function flatInput(
  { name, input: { output, index } }: Found,
  done: ReadonlyMap<string, FlatNode>,
): FlatInput {
  return { node: done.get(name)!, output, index };
}
