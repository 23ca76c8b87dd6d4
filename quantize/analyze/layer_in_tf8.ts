import { Tf8Plan } from '../execute/plan.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { byName } from '../model/by_name.ts';
import type { TensorSpec, Tf8Model, Tf8Node } from '../model/tf8_model.ts';
import { kernelCall } from '../ops/table.ts';
import { elements } from '../params/shape.ts';

/** One layer of a TF8 model on its own, compiled for kernels. */
export interface LayerInTf8 {
  /**
   * @param inputs [N, H, W, C] uint8 each, on the grids of the layer's inputs
   * @returns [N, H', W', M] uint8, overwritten by the next call
   */
  run(inputs: readonly Uint8Array[], batch: number): Uint8Array;
  /** Frees its memory. */
  close(): void;
}

/**
 * Compiles `node` of `model` alone; `specs` are those of all tensors of the model. It runs on the
 * caller's thread: a program holds its threads, and there is one for every layer.
 */
export function layerInTf8(
  model: Tf8Model,
  node: Tf8Node,
  specs: ReadonlyMap<string, TensorSpec>,
  kernels: Kernels,
): LayerInTf8 {
  if (node.inputs.length > 1) return severalInTf8(model, node, specs, kernels);
  const [name] = node.inputs;
  const { outputs: _, ...rest } = model;
  const alone = { ...rest, input: { name, ...byName(specs, name) }, nodes: [node] };
  const plan = new Tf8Plan(alone, { kernels });
  return { run: ([input]) => byName(plan.run(input), node.name), close: () => plan.close() };
}

/** A model has one input; this node, several. */
function severalInTf8(
  { rounding }: Tf8Model,
  node: Tf8Node,
  specs: ReadonlyMap<string, TensorSpec>,
  kernels: Kernels,
): LayerInTf8 {
  return {
    run(inputs, batch) {
      const output = new Uint8Array(batch * elements(node.output.shape));
      const tensors = inputs.map((data, index) => ({ ...byName(specs, node.inputs[index]), data }));
      kernels.run(kernelCall(node, { batch, inputs: tensors, output, rounding }));
      return output;
    },
    close() {},
  };
}
