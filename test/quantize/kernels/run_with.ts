import type { Kernels } from '../../../quantize/kernels/kernels.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import type { Calls, OpName } from '../../../quantize/ops/table.ts';

/** The reference's `run`, after which something else is done to the calls of one operation. */
export function runWith<Op extends OpName>(
  op: Op,
  after: (call: Calls[Op]) => void,
): Pick<Kernels, 'run'> {
  return {
    run(kernelCall) {
      REFERENCE_KERNELS.run(kernelCall);
      if (kernelCall.op === op) after(kernelCall.call as Calls[Op]);
    },
  };
}
