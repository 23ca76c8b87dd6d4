import type { Program } from '../kernels/kernels.ts';
import { layOutArena } from '../model/arena_layout.ts';
import { byName } from '../model/by_name.ts';
import { lifetimes } from '../model/lifetimes.ts';
import { outputNames, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { type KernelCall, kernelCall, operationOf } from '../ops/table.ts';
import { elements } from '../params/shape.ts';
import { runSteps } from './run_steps.ts';

export interface ModelProgram extends Program {
  /** For each call the place of its node in the model; of a table computed along, that of the layer before it. */
  readonly nodes: readonly number[];
}

/**
 * The kernel calls of `model` for one image, with every tensor in one arena. `outputs` names the
 * tensors that a run gives back: these keep their bytes to the end, the others' are used again. A table
 * behind a layer with weights is a part of its call where nothing else reads the layer.
 */
export function modelProgram(model: Tf8Model, outputs: readonly string[]): ModelProgram {
  const specs = tensorSpecs(model);
  const kept = new Set([...outputs, ...outputNames(model)]);
  const steps = runSteps(model, kept);
  const made = steps.map(({ node: { inputs, output }, node, table }) => ({
    name: (table ?? node).name,
    inputs,
    shape: output.shape,
  }));
  const layout = layOutArena(lifetimes(model.input, made, kept));
  const arena = new Uint8Array(layout.bytes);
  const views = new Map(
    [model.input, ...made].map(({ name, shape }) => {
      const offset = byName(layout.offsets, name);
      return [name, arena.subarray(offset, offset + elements(shape))] as const;
    }),
  );
  return {
    calls: steps.map(({ node, table }) => {
      const inputs = node.inputs.map((name) => ({
        ...byName(specs, name),
        data: byName(views, name),
      }));
      const output = byName(views, (table ?? node).name);
      const own = kernelCall(node, { batch: 1, inputs, output, rounding: model.rounding });
      if (table === undefined) return own;
      const from = { ...node.output, data: output };
      const behind = operationOf(table).call(table, { batch: 1, inputs: [from], output });
      return { op: own.op, call: { ...own.call, ...tableOf(behind) } } as KernelCall;
    }),
    nodes: steps.map(({ index }) => index),
    arena,
    input: byName(views, model.input.name),
    outputs: outputs.map((name) => byName(views, name)),
  };
}

function tableOf(call: object): { readonly table?: Uint8Array } {
  return 'table' in call ? { table: call.table as Uint8Array } : {};
}
