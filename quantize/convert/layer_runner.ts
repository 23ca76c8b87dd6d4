import type { Kernels } from '../kernels/kernels.ts';
import { compileProgram } from '../kernels/program.ts';
import type { Tf8Node } from '../model/tf8_model.ts';
import { kernelCall } from '../ops/table.ts';
import type { TensorSpec } from '../ops/tensor.ts';
import { alignUp } from '../params/align_up.ts';
import type { RoundingName } from '../params/roundings.ts';
import { elements } from '../params/shape.ts';

/** A tensor of all the images, [N, H, W, C]. */
export interface ByteTensor extends TensorSpec {
  readonly data: Uint8Array;
}

/** Images in a call of several inputs. */
const CALL_BATCH = 10;

/** Bytes at which tensors begin in an arena. */
const ALIGNMENT = 64;

export interface LayerRunnerOptions {
  readonly kernels: Kernels;
  readonly threads: number;
  /** The model's rule of requantization. */
  readonly rounding: RoundingName | undefined;
}

/** Runs a node on all the images by the executor's kernels: [N, H', W', M] uint8, into `output`. */
export function runNode(
  node: Tf8Node,
  inputs: readonly ByteTensor[],
  output: Uint8Array,
  { kernels, threads, rounding }: LayerRunnerOptions,
): void {
  const batch = output.length / elements(node.output.shape);
  if (inputs.length > 1) {
    runInCalls(node, inputs, output, { kernels, rounding });
    return;
  }
  const [input] = inputs;
  const length = elements(input.shape);
  const outputAt = alignUp(length, ALIGNMENT);
  const arena = new Uint8Array(outputAt + elements(node.output.shape));
  const views = [arena.subarray(0, length), arena.subarray(outputAt)] as const;
  const call = kernelCall(node, {
    batch: 1,
    inputs: [{ ...input, data: views[0] }],
    output: views[1],
    rounding,
  });
  const program = compileProgram(
    kernels,
    { calls: [call], arena, input: views[0], outputs: [views[1]] },
    { threads },
  );
  try {
    program.run(input.data, batch, [output]);
  } finally {
    program.close();
  }
}

function runInCalls(
  node: Tf8Node,
  inputs: readonly ByteTensor[],
  output: Uint8Array,
  { kernels, rounding }: Pick<LayerRunnerOptions, 'kernels' | 'rounding'>,
): void {
  const size = elements(node.output.shape);
  const batch = output.length / size;
  for (let first = 0; first < batch; first += CALL_BATCH) {
    const end = Math.min(first + CALL_BATCH, batch);
    const call = kernelCall(node, {
      batch: end - first,
      inputs: inputs.map((input) => {
        const each = elements(input.shape);
        return { ...input, data: input.data.subarray(first * each, end * each) };
      }),
      output: output.subarray(first * size, end * size),
      rounding,
    });
    kernels.run(call);
  }
}
