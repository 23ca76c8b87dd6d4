import type { GraphTensor } from '../graph_def/network/tensor_proto.ts';

/** What a checkpoint says of a tensor without its values. */
export interface VariableInfo {
  /** TensorFlow's name of the type. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** An object of TensorFlow 2 that a checkpoint was made of. */
export interface CheckpointObject {
  /** Objects that it has, by its names of them, and their numbers. */
  readonly children: readonly { readonly name: string; readonly node: number }[];
  /** Name of its tensor in `variables`, where it is a variable. */
  readonly key: string | undefined;
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
  /** The objects, the first being the root; empty where the names are the variables' own. */
  readonly objects: readonly CheckpointObject[];
  /**
   * Values of the named tensors, which must be there.
   * @throws UserError where the data are damaged, or more than any network of this project has
   */
  read(names: Iterable<string>): Promise<Map<string, GraphTensor>>;
}
