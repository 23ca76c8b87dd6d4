import type * as tf from '@tensorflow/tfjs';
import type { AttrValue } from '../../checkpoints/graph_def/generated/graph_def_pb.ts';
import {
  compiledDtype,
  type DataType,
  dtypeAttribute,
  shapeAttribute,
  stringAttribute,
} from './attributes.ts';
import { Graph, type NodeOutput } from './graph.ts';

/** What moves a variable's value in and out of the session. */
interface VariableNodes {
  readonly handle: NodeOutput;
  /** To fetch. */
  readonly value: NodeOutput;
  /** To feed; `assignment` takes the value up. */
  readonly feed: NodeOutput;
  readonly assignment: string;
}

/** The same for all variables of a graph, in one order. */
export interface VariableAccess {
  readonly variables: readonly tf.Variable[];
  readonly values: readonly NodeOutput[];
  readonly feeds: readonly NodeOutput[];
  /** To fetch once all feeds are there: the values are taken up then. */
  readonly assigned: NodeOutput;
}

/** A graph whose variables are those of TensorFlow.js, kept in the session as resources. */
export class VariableGraph extends Graph {
  private readonly variables: Map<tf.Variable, VariableNodes>;

  /** @param from a graph whose nodes and variables this one starts with */
  constructor(from?: VariableGraph) {
    super(from);
    this.variables = new Map(from?.variables);
  }

  /** The variable's resource, which lives as long as the session. */
  handle(variable: tf.Variable): NodeOutput {
    let nodes = this.variables.get(variable);
    if (nodes === undefined) {
      nodes = this.addVariable(variable);
      this.variables.set(variable, nodes);
    }
    return nodes.handle;
  }

  /** Access to all the variables there are by now. */
  access(): VariableAccess {
    const nodes = [...this.variables.values()];
    const one = this.constant('variables/assigned', [1], [], 'int32');
    return {
      variables: [...this.variables.keys()],
      values: nodes.map(({ value }) => value),
      feeds: nodes.map(({ feed }) => feed),
      assigned: this.node('Identity', 'variables/assigned', [one], {
        attributes: this.typed('int32'),
        after: nodes.map(({ assignment }) => assignment),
      }),
    };
  }

  /** @param after nodes that change the variable before it is read */
  read(variable: tf.Variable, scope: string, after: readonly string[] = []): NodeOutput {
    return this.node('ReadVariableOp', `${scope}/ReadVariableOp`, [this.handle(variable)], {
      attributes: this.dtyped(variable),
      after,
    });
  }

  typed(dtype: DataType): Record<string, AttrValue> {
    return { T: dtypeAttribute(dtype) };
  }

  dtyped({ dtype }: { readonly dtype: tf.DataType }): Record<string, AttrValue> {
    return { dtype: dtypeAttribute(compiledDtype(dtype)) };
  }

  private addVariable(variable: tf.Variable): VariableNodes {
    const name = `variables/${variable.name}`;
    const attributes = this.dtyped(variable);
    const shape = shapeAttribute(variable.shape);
    const handle = this.node('VarHandleOp', name, [], {
      attributes: { ...attributes, shape, shared_name: stringAttribute(name) },
    });
    const dtype = compiledDtype(variable.dtype);
    const feed = this.placeholder(`${name}/feed`, variable.shape, dtype);
    return {
      handle,
      feed,
      assignment: this.node('AssignVariableOp', `${name}/Assign`, [handle, feed], { attributes }),
      value: this.node('ReadVariableOp', `${name}/Read`, [handle], { attributes }),
    };
  }
}
