import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { CompiledFunctions, compile } from '../../../training/compile/compile.ts';
import { recordingBackend } from '../../../training/compile/kernels/register.ts';
import { RECORDING } from '../../../training/compile/recording_backend.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { CONVOLUTION_CASES } from './kernel_cases/convolution.ts';
import { type KernelCalls, type KernelInputs, kernelInputs } from './kernel_cases/inputs.ts';
import { KERNEL_CASES } from './kernel_cases/kernel_cases.ts';
import { assertClose } from './support.ts';

/**
 * A session runs the kernels that the eager backend runs, bit for bit, except where oneDNN has others
 * in graphs: fused convolutions, softmax.
 */
const TOLERANCE: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.keys(CONVOLUTION_CASES).map((kernel) => [kernel, 2e-6])),
  Softmax: 2e-6,
};

/** A function that makes the calls, each an output, and notes what shapes and dtypes they claim. */
function functionOf(calls: KernelCalls, infos: Map<string, string>) {
  return (inputs: tf.NamedTensorMap): tf.NamedTensorMap =>
    Object.fromEntries(
      Object.entries(calls).map(([title, call]) => {
        const output = call(inputs as KernelInputs);
        infos.set(title, infoOf(output));
        return [title, output];
      }),
    );
}

const infoOf = ({ dtype, shape }: tf.Tensor) => `${dtype} [${shape}]`;

describe('recorded kernels', () => {
  let inputs: KernelInputs;

  before(async function () {
    await needsTensorFlow.call(this);
    inputs = kernelInputs();
  });

  after(() => tf.dispose(inputs));

  it('all are called by the tables of this test', () => {
    recordingBackend();
    // Our own operations' kernels register where they are first used, maybe in another file of this process.
    const ofTensorFlowJs = new Set<unknown>(Object.values(tf));
    const registered = tf
      .getKernelsForBackend(RECORDING)
      .map(({ kernelName }) => kernelName)
      .filter((name) => ofTensorFlowJs.has(name));
    assert.deepEqual(Object.keys(KERNEL_CASES).sort(), registered.sort());
  });

  for (const [kernel, calls] of Object.entries(KERNEL_CASES)) {
    const tolerance = TOLERANCE[kernel] ?? 0;
    const agreement = tolerance === 0 ? 'bit for bit' : `within ${tolerance} of the largest number`;
    const { length } = Object.keys(calls);
    it(`${kernel}: ${length} calls give what the TensorFlow backend gives, ${agreement}`, async () => {
      const traced = new Map<string, string>();
      const compiled = compile(functionOf(calls, traced));
      const received = compiled.call(inputs);
      for (const [title, call] of Object.entries(calls)) {
        let expected!: tf.Tensor;
        const { kernelNames } = await tf.profile(() => {
          expected = tf.tidy(() => call(inputs));
          return expected;
        });
        assert.ok(kernelNames.includes(kernel), `${title}: calls ${kernelNames}`);
        assert.equal(infoOf(received[title]), infoOf(expected), title);
        assert.equal(traced.get(title), infoOf(expected), `${title}, while tracing`);
        assertClose(received[title].dataSync(), expected.dataSync(), tolerance, title);
        expected.dispose();
      }
      tf.dispose(received);
      compiled.dispose();
    });
  }

  type Pad = 1 | tf.backend_util.ExplicitPadding;
  type Convolve = (x: tf.Tensor4D, filter: tf.Tensor4D, strides: number, pad: Pad) => tf.Tensor;
  const convolutions: Readonly<Record<string, Convolve>> = {
    'tf.conv2d': tf.conv2d,
    'tf.depthwiseConv2d': tf.depthwiseConv2d as Convolve, // takes tables of paddings, undeclared
  };
  for (const [name, convolve] of Object.entries(convolutions)) {
    it(`${name} takes a padding in one number, which the TensorFlow backend refuses`, () => {
      const table: Pad = [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ];
      const { images, depthwiseFilter: filter } = inputs;
      const compiled = compile(() => ({
        byNumber: convolve(images, filter, 1, 1),
        byTable: convolve(images, filter, 1, table),
      }));
      const { byNumber, byTable } = compiled.call({});
      assert.deepEqual(byNumber.shape, byTable.shape);
      assert.deepEqual(byNumber.dataSync(), byTable.dataSync());
      tf.dispose([byNumber, byTable]);
      compiled.dispose();
    });
  }

  const refused: Readonly<Record<string, [KernelCalls[string], RegExp]>> = {
    'a convolution of NCHW': [
      ({ images, filter }) => tf.conv2d(images.transpose([0, 3, 1, 2]), filter, 1, 'same', 'NCHW'),
      /Expected data format NHWC for a convolution but received NCHW/,
    ],
    'a fused convolution of an activation without op': [
      ({ images, filter }) =>
        tf.fused.conv2d({ x: images, filter, strides: 1, pad: 'same', activation: 'leakyrelu' }),
      /Expected an activation of linear, relu, relu6, elu, sigmoid for a fused Conv2D but received leakyrelu/,
    ],
    'pooling of padding in numbers': [
      ({ images }) => tf.maxPool(images, 2, 1, 1),
      /Expected padding "same" or "valid" for pooling but received NUMBER/,
    ],
    'a batch norm by statistics of each value': [
      ({ images }) => tf.batchNorm(images, images, images),
      /Expected a batch norm of \[N, H, W, C\] by parameters of \[C\] but received an input of \[2,7,6,3\]/,
    ],
  };
  for (const [title, [call, message]] of Object.entries(refused)) {
    it(`${title} cannot be compiled`, () => {
      const compiled = new CompiledFunctions({ run: () => ({ output: call(inputs) }) });
      assert.throws(() => compiled.call('run', {}), { name: 'UncompilableError', message });
    });
  }
});
