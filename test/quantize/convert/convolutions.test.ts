import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { FloatGraph } from '../../../architectures/graph/float_graph.ts';
import { networkMacs } from '../../../architectures/graph/float_macs.ts';
import { FloatRunner } from '../../../architectures/graph/float_runner.ts';
import { GroupedConv2d } from '../../../architectures/graph/grouped_conv2d.ts';
import { absorbBias } from '../../../architectures/graph/passes/absorb_bias.ts';
import { equalize } from '../../../architectures/graph/passes/equalize.ts';
import { foldBatchNormsForward } from '../../../architectures/graph/passes/fold_batch_norms_forward.ts';
import { pruneConstantInputs } from '../../../architectures/graph/passes/prune_constant_inputs.ts';
import { readLayersModel } from '../../../architectures/graph/read_layers_model.ts';
import { fuseGraph } from '../../../quantize/convert/fuse.ts';
import { quantizeGraph } from '../../../quantize/convert/quantize_graph.ts';
import { AS_PUBLISHED, BEST } from '../../../quantize/convert/recipe.ts';
import { Tf8Plan } from '../../../quantize/execute/plan.ts';
import { selectKernels } from '../../../quantize/kernels/select.ts';
import { operationOf } from '../../../quantize/ops/table.ts';
import { randomizeWeights } from '../../architectures/support.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { networkOf, someImages } from './support.ts';

const { kernels } = selectKernels('auto');
const l = tf.layers;
const N = 6;
const IMAGE = [8, 8, 3] as const;

/** A batch norm in front of groups, PReLU behind them, then a transposed convolution. */
function network(): FloatGraph {
  const model = networkOf(IMAGE, (x) => {
    const grouped = new GroupedConv2d({
      name: 'grouped',
      filters: 9,
      kernelSize: [3, 3],
      strides: [1, 1],
      padding: 'valid',
      dilationRate: [1, 1],
      groups: 3,
      useBias: true,
    });
    const layers = [
      l.conv2d({ name: 'first', filters: 6, kernelSize: 3, padding: 'same', activation: 'relu' }),
      l.batchNormalization({ name: 'forward' }),
      grouped,
      l.batchNormalization({ name: 'behind' }),
      l.prelu({ name: 'prelu', sharedAxes: [1, 2] }),
      l.conv2dTranspose({
        name: 'transposed',
        filters: 5,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
      }),
      l.batchNormalization({ name: 'folded' }),
      l.reLU({ name: 'relu' }),
      l.globalAveragePooling2d({ name: 'mean' }),
      l.dense({ name: 'logits', units: 4 }),
    ];
    return layers.reduce((y, layer) => layer.apply(y) as tf.SymbolicTensor, x);
  });
  try {
    randomizeWeights(model);
    return readLayersModel(model);
  } finally {
    model.dispose();
  }
}

function outputsOf(graph: FloatGraph): Float32Array {
  const runner = new FloatRunner(graph);
  try {
    return runner.outputs(someImages(N, IMAGE), [N, ...IMAGE])[0];
  } finally {
    runner.dispose();
  }
}

function assertSameFunction(graph: FloatGraph, changed: FloatGraph): void {
  const received = outputsOf(changed);
  outputsOf(graph).forEach((value, i) => {
    assert.ok(Math.abs(value - received[i]) < 1e-3, `${value}, ${received[i]}`);
  });
}

describe('grouped and transposed convolutions and PReLU', () => {
  before(needsTensorFlow);

  it('keep their function in passes, which know the channels of a group', () => {
    const graph = network();
    const forward = foldBatchNormsForward(graph);
    assert.equal(forward.nodes.length, graph.nodes.length - 1);
    assertSameFunction(graph, forward);
    const fused = fuseGraph(graph, { zeroVariance: 'keep' });
    assert.deepEqual(
      fused.nodes.map(({ op }) => op),
      ['conv2d', 'conv2d', 'prelu', 'transposedConv2d', 'globalAveragePool', 'fullyConnected'],
    );
    assertSameFunction(graph, fused);
    assertSameFunction(graph, equalize(fused));
    assertSameFunction(graph, absorbBias(fused, 1e6));
    // What the PReLU makes is no constant, but would be where it is read as one.
    const constant = Float32Array.from({ length: 6 }, (_, c) => (c === 4 ? 0 : Number.NaN));
    const [first, grouped] = pruneConstantInputs(fused, new Map([['first', constant]])).nodes;
    assert.ok(first.op === 'conv2d' && grouped.op === 'conv2d');
    // Channel 4 is the first of the last group: rows of even numbers, the last three outputs.
    grouped.kernel.forEach((weight, index) => {
      const [row, output] = [Math.floor(index / 9), index % 9];
      assert.equal(weight === 0, row % 2 === 0 && output >= 6, `${index}`);
    });
  });

  for (const recipe of [AS_PUBLISHED, BEST]) {
    it(`are quantized by ${recipe.name}, with the multiply-accumulates of the float network`, async () => {
      const read = network();
      const images = someImages(N, IMAGE);
      async function* batches() {
        yield { images, shape: [N, ...IMAGE] as [number, number, number, number] };
      }
      const { model, graph } = await quantizeGraph(read, recipe, batches, {
        inputRange: { min: -1, max: 1 },
        kernels,
        labelOffset: 0,
        classNames: [],
        provenance: { floatModel: 'made up', floatWeightsSha256: '', calibrationData: 'noise' },
      });
      const macs = model.nodes.map((node) => operationOf(node).macs(node));
      assert.equal(
        macs.reduce((sum, each) => sum + each),
        networkMacs(graph),
      );
      // 6 · 6 positions of the input, each times 3 · 3 · 9 · 5 weights; 6 · 6 outputs of 9 · 2 taps in each of 9.
      assert.equal(macs[3], 36 * 9 * 9 * 5);
      assert.equal(macs[1], 36 * 9 * 9 * 2);
      const plan = new Tf8Plan(model, { kernels });
      const received = plan.predict(images);
      let [signal, noise] = [0, 0];
      outputsOf(read).forEach((value, i) => {
        signal += value ** 2;
        noise += (value - received[i]) ** 2;
      });
      plan.close();
      assert.ok(10 * Math.log10(signal / noise) > 25, `${10 * Math.log10(signal / noise)} dB`);
    });
  }
});
