import {
  isVector,
  outputNames,
  outputNodes,
  type TensorSpec,
  type Tf8Model,
  tensorSpecs,
} from '../model/tf8_model.ts';
import type { OpName } from '../ops/table.ts';
import { QuantizationError } from '../params/errors.ts';

/** What exports call a node's weights; the node's output has the node's own name. */
export function weightsName(node: string): string {
  return `${node}/weights`;
}

export function biasName(node: string): string {
  return `${node}/bias`;
}

export function tableName(node: string): string {
  return `${node}/table`;
}

export function alphaName(node: string): string {
  return `${node}/alpha`;
}

/** An output of an exported model. */
export interface ExportedOutput {
  /** The node whose tensor it is. */
  readonly node: string;
  /** What makes it. */
  readonly op: OpName;
  /** What the export calls it. */
  readonly name: string;
  readonly spec: TensorSpec;
  /** A vector, [1, 1, C] in TF8, is [1, C] outside. */
  readonly isVector: boolean;
}

/**
 * The outputs of an exported model, in order: a vector that is the only one is called "logits", or
 * "probabilities" where a softmax made it, others NODE/output.
 */
export function exportedOutputs(model: Tf8Model): readonly ExportedOutput[] {
  const taken = tensorSpecs(model);
  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name);
  const isAlone = outputNames(model).length === 1;
  return outputNodes(model).map(({ name: node, op, output: spec }) => {
    const vector = op === 'softmax' ? 'probabilities' : 'logits';
    const name = free(isAlone && isVector(spec) ? vector : `${node}/output`);
    return { node, op, name, spec, isVector: isVector(spec) };
  });
}

/** Refuses to give a name a second time. */
export class TensorNames {
  private readonly given = new Set<string>();

  /** @throws QuantizationError where a tensor has the name already */
  add(name: string): void {
    if (this.given.has(name)) {
      throw new QuantizationError(
        `Expected tensors of different names but two are called "${name}"`,
        { remedy: 'Rename the node that is called like a part of another.' },
      );
    }
    this.given.add(name);
  }
}
