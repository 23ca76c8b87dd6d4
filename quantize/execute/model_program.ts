import type { Program } from '../kernels/kernels.ts';
import { layOutArena } from '../model/arena_layout.ts';
import { byName } from '../model/by_name.ts';
import { lifetimes } from '../model/lifetimes.ts';
import { outputNames, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { kernelCall } from '../ops/table.ts';
import { elements } from '../params/shape.ts';

/**
 * The kernel calls of `model` for one image, with every tensor in one arena. `outputs` names the
 * tensors that a run gives back: these keep their bytes to the end, the others' are used again.
 */
export function modelProgram(model: Tf8Model, outputs: readonly string[]): Program {
  const specs = tensorSpecs(model);
  const nodes = model.nodes.map(({ name, inputs, output }) => ({
    name,
    inputs,
    shape: output.shape,
  }));
  const kept = new Set([...outputs, ...outputNames(model)]);
  const layout = layOutArena(lifetimes(model.input, nodes, kept));
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
        rounding: model.rounding,
      }),
    ),
    arena,
    input: byName(views, model.input.name),
    outputs: outputs.map((name) => byName(views, name)),
  };
}
