import assert from 'node:assert/strict';
import fc from 'fast-check';
import { layerInTf8 } from '../../../quantize/analyze/layer_in_tf8.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import { tensorSpecs } from '../../../quantize/model/tf8_model.ts';
import { randomBytes } from '../kernels/make_call.ts';
import { randomModels } from '../model/random_models.ts';

const kernels = REFERENCE_KERNELS;

describe('layerInTf8', () => {
  it("gives the network's bytes of every operation from the bytes that the network feeds it", () => {
    const batch = 2;
    fc.assert(
      fc.property(randomModels({ withEveryOp: true }), (model) => {
        const specs = tensorSpecs(model);
        const plan = new Tf8Plan(model, { kernels, outputs: [...specs.keys()] });
        const size = model.input.shape.reduce((product, side) => product * side, 1);
        const tensors = plan.run(randomBytes(batch * size, 3));
        for (const node of model.nodes) {
          const layer = layerInTf8(model, node, specs, kernels);
          const inputs = node.inputs.map((name) => tensors.get(name)!);
          assert.deepEqual(layer.run(inputs, batch), tensors.get(node.name), node.op);
        }
      }),
      { numRuns: 20 },
    );
  });
});
