/** Where a network ends: operators of a file that no float graph can hold, and all that comes from them. */
import type { UnreadOperation } from '../architectures/graph/float_network.ts';
import { UserError } from '../foundation/errors.ts';
import { isMost, type Reading } from './read_model.ts';

/** How a file's operators hang together. */
export interface Operators<Operator, Tensor> {
  readonly inputs: (operator: Operator) => readonly Tensor[];
  readonly outputs: (operator: Operator) => readonly Tensor[];
  /** Whether it sums over weights, or over what two images have: what networks are made of. */
  readonly isWeighted: (operator: Operator) => boolean;
}

/** Says of an operator what there is nothing for. */
interface UnsupportedError extends Error {
  readonly what: string;
}

export class UnreadPart<Operator, Tensor> {
  private readonly kind: Operators<Operator, Tensor>;
  private readonly unsupported: abstract new (
    ...given: never
  ) => UnsupportedError;
  /** In execution order; with the error of those that do not read of others. */
  private readonly operators = new Map<Operator, UnsupportedError | undefined>();
  private readonly tensors = new Set<Tensor>();

  /** @param unsupported the error of an operator that is left out */
  constructor(
    kind: Operators<Operator, Tensor>,
    unsupported: abstract new (...given: never) => UnsupportedError,
  ) {
    this.kind = kind;
    this.unsupported = unsupported;
  }

  get isEmpty(): boolean {
    return this.operators.size === 0;
  }

  /** Takes an input for one that is left out with what it feeds. */
  leaveOutInput(tensor: Tensor): void {
    this.tensors.add(tensor);
  }

  /**
   * Reads an operator, except where it reads of what is left out.
   * @returns false where it is left out: what was begun for it is to be forgotten
   * @throws what `read` does, except for the error of operators that are left out
   */
  attempt(operator: Operator, read: () => void): boolean {
    if (this.kind.inputs(operator).some((tensor) => this.tensors.has(tensor))) {
      this.leaveOut(operator);
      return false;
    }
    try {
      read();
      return true;
    } catch (error) {
      if (!(error instanceof this.unsupported)) throw error;
      this.leaveOut(operator, error);
      return false;
    }
  }

  /** In execution order. */
  get all(): readonly Operator[] {
    return [...this.operators.keys()];
  }

  /** What those read, of each other too. */
  ends(): readonly Tensor[] {
    return this.all.flatMap((operator) => this.kind.inputs(operator));
  }

  /** @param label name and kind of an operator */
  unread(label: (operator: Operator) => Omit<UnreadOperation, 'reason'>): UnreadOperation[] {
    return [...this.operators].map(([operator, error]) => ({
      ...label(operator),
      reason: error?.what,
    }));
  }

  /**
   * Sees to it that what is read is the network, and not its beginning.
   * @param all the file's operators
   * @param outputs how many the network has
   * @throws the error of the first operator that is left out; `otherwise` where there is none
   */
  requireMost(
    all: readonly Operator[],
    outputs: number,
    reading: Reading,
    otherwise: () => Error,
  ): void {
    const weighted = all.filter(this.kind.isWeighted);
    const lost = weighted.filter((operator) => this.operators.has(operator)).length;
    if (outputs > 0 && isMost(weighted.length, lost, reading)) return;
    throw [...this.operators.values()].find((error) => error !== undefined) ?? otherwise();
  }

  private leaveOut(operator: Operator, error?: UnsupportedError): void {
    this.operators.set(operator, error);
    for (const tensor of this.kind.outputs(operator)) this.tensors.add(tensor);
  }
}

/** Above any network's: each is followed through the file. */
const MAX_INPUTS = 64;

/** Those inputs of a file, among its first, that come into an operator that sums over weights. */
export function weightedInputs<Operator, Tensor>(
  inputs: readonly Tensor[],
  operators: readonly Operator[],
  kind: Operators<Operator, Tensor>,
): Tensor[] {
  return inputs.slice(0, MAX_INPUTS).filter((input) => {
    const reached = new Set([input]);
    return operators.some((operator) => {
      if (!kind.inputs(operator).some((tensor) => reached.has(tensor))) return false;
      for (const output of kind.outputs(operator)) reached.add(output);
      return kind.isWeighted(operator);
    });
  });
}

/** The error of a file of which several images come into weights. */
export function severalImages(name: string, inputs: readonly string[]): UserError {
  return new UserError(
    `Expected one input of images in ${name} but received ${inputs.length}: ${inputs.join(', ')}`,
    { remedy: 'Save the part that reads one of them as a network of its own.' },
  );
}
