import type { Program } from '../kernels/kernels.ts';
import { byName } from '../model/by_name.ts';
import { outputNames, type TensorSpec, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { kernelCall } from '../ops/table.ts';
import { elements } from '../params/shape.ts';
import { layOutArena } from '../model/arena_layout.ts';

/**
 * The kernel calls of `model` for one image, with every tensor in one arena. `outputs` names the
 * tensors that a run gives back: these keep their bytes to the end, the others' are used again.
 */
export function modelProgram(model: Tf8Model, outputs: readonly string[]): Program {
  const specs = tensorSpecs(model);
  const layout = layOutArena(lifetimes(model, specs, outputs));
  const arena = new Uint8Array(layout.bytes);
  const views = new Map(
    [...specs].map(([name, { shape }]) => {
      const offset = byName(layout.offsets, name);
      return [name, arena.subarray(offset, offset + elements(shape))] as const;
    }),
  );
  return {
    calls: model.nodes.map((node) =>
      kernelCall(node, {
        batch: 1,
        inputs: node.inputs.map((name) => ({ ...byName(specs, name), data: byName(views, name) })),
        output: byName(views, node.name),
      }),
    ),
    arena,
    input: byName(views, model.input.name),
    outputs: outputs.map((name) => byName(views, name)),
  };
}

/** From the node that makes a tensor to the last that reads it; to the end where it is given back. */
function lifetimes(
  model: Tf8Model,
  specs: ReadonlyMap<string, TensorSpec>,
  outputs: readonly string[],
) {
  const kept = new Set([...outputs, ...outputNames(model)]);
  const first = new Map([[model.input.name, -1]]);
  const last = new Map([[model.input.name, -1]]);
  for (const [index, node] of model.nodes.entries()) {
    for (const name of node.inputs) last.set(name, index);
    first.set(node.name, index);
    last.set(node.name, index);
  }
  return [...specs].map(([name, { shape }]) => ({
    name,
    bytes: elements(shape),
    first: byName(first, name),
    last: kept.has(name) ? model.nodes.length : byName(last, name),
  }));
}
