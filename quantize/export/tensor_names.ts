import { type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
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

/** What exports call the output [1, classes], behind the last node's [1, 1, 1, classes]. */
export function outputName(model: Tf8Model): string {
  const taken = tensorSpecs(model);
  let name = 'logits';
  while (taken.has(name)) name += '_';
  return name;
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
