import type { GraphTensor } from '../graph_def/network/tensor_proto.ts';

/** What a checkpoint says of a tensor without its values. */
export interface VariableInfo {
  /** TensorFlow's name of the type. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** The tensors of a checkpoint, by their names. */
export interface Checkpoint {
  /** What errors call it. */
  readonly name: string;
  readonly version: 1 | 2;
  readonly variables: ReadonlyMap<string, VariableInfo>;
  /**
   * Full names of TensorFlow 2's objects ("conv1/kernel") → their names in `variables`; undefined for a
   * name that several objects have. Empty where the names are the variables' own.
   */
  readonly objectNames: ReadonlyMap<string, string | undefined>;
  /**
   * Values of the named tensors, which must be there.
   * @throws UserError where the data are damaged, or more than any network of this project has
   */
  read(names: Iterable<string>): Promise<Map<string, GraphTensor>>;
}
