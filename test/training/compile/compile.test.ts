import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  CompiledFunctions,
  compile,
  type TensorFunction,
  UncompilableError,
} from '../../../training/compile/compile.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { memory, numbersOf, onCpu } from './support.ts';

const leftFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('tf8-compiled-'));

describe('compile', () => {
  let x: tf.Tensor1D;

  // Of its own: other processes compile at the same time.
  const { TMPDIR } = process.env;
  let folder: string | undefined;

  before(async function () {
    await needsTensorFlow.call(this);
    folder = mkdtempSync(join(tmpdir(), 'tf8-tests-'));
    process.env.TMPDIR = folder;
    x = tf.tensor1d([1, 2]);
  });

  after(() => {
    x.dispose();
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it('gives the named outputs of a function of named inputs', () => {
    const { call, dispose } = compile(({ a, b }) => ({ sum: a.add(b), product: a.mul(b) }));
    const two = tf.scalar(2);
    assert.deepEqual(numbersOf(call({ a: x, b: two })), { sum: [3, 4], product: [2, 4] });
    assert.deepEqual(numbersOf(call({ a: x, b: x })), { sum: [2, 4], product: [1, 4] });
    tf.dispose(two);
    dispose();
  });

  it('gives inputs and constants that are outputs themselves', () => {
    const { call, dispose } = compile(({ a }) => ({ a, again: a, ones: tf.ones([20]) }));
    assert.deepEqual(numbersOf(call({ a: x })), {
      a: [1, 2],
      again: [1, 2],
      ones: Array.from({ length: 20 }, () => 1),
    });
    dispose();
  });

  it('gives the same gradients with ops that are isolated from oneDNN', () => {
    const image = tf.randomNormal<tf.Rank.R4>([2, 6, 6, 3], 0, 1, 'float32', 1);
    const filters = tf.variable(tf.randomNormal([3, 3, 3, 2], 0, 1, 'float32', 2));
    const gradient: TensorFunction = ({ images }) => {
      const loss = () =>
        tf.depthwiseConv2d(images as tf.Tensor4D, filters as tf.Tensor4D, 2, 'same').square();
      return {
        gradient: tf.variableGrads(() => loss().sum().asScalar(), [filters]).grads[filters.name],
      };
    };
    const [plain, isolated] = [[], ['DepthwiseConv2dNativeBackpropFilter']] as const;
    const [expected, received] = [plain, isolated].map((ops) => {
      const { call, dispose } = compile(gradient, { isolated: ops });
      const { gradient: numbers } = numbersOf(call({ images: image }));
      dispose();
      return numbers;
    });
    assert.equal(received.length, 54);
    received.forEach((value, index) => {
      const bound = 1e-4 * Math.max(1, Math.abs(expected[index]));
      assert.ok(Math.abs(value - expected[index]) <= bound, `${value} for ${expected[index]}`);
    });
    tf.dispose([image, filters]);
  });

  it('takes any names for inputs and outputs', () => {
    const names = ['', '^a', 'b:1', 'ä/ö', 'Const', '_'];
    const { call, dispose } = compile((inputs) => ({ ...inputs }));
    const inputs = Object.fromEntries(names.map((name, index) => [name, tf.scalar(index)]));
    assert.deepEqual(
      numbersOf(call(inputs)),
      Object.fromEntries(names.map((name, index) => [name, [index]])),
    );
    tf.dispose(inputs);
    dispose();
  });

  it('traces once for inputs of the same shapes and dtypes', () => {
    let traces = 0;
    const { call, dispose } = compile(({ a }) => {
      traces++;
      return { square: a.square() };
    });
    const ints = tf.tensor1d([3, 4], 'int32');
    const three = tf.tensor1d([1, 2, 3]);
    for (const a of [x, x, ints, three, x, ints]) tf.dispose(call({ a }));
    assert.equal(traces, 3);
    tf.dispose([call({ a: x, b: ints }), call({ b: ints, a: x })]);
    assert.equal(traces, 4);
    assert.deepEqual(numbersOf(call({ a: ints })), { square: [9, 16] });
    tf.dispose([ints, three]);
    dispose();
  });

  it('leaves out an input that the function does not use', () => {
    const { call, dispose } = compile(() => ({ seven: tf.scalar(7) }));
    assert.deepEqual(numbersOf(call({ unused: x })), { seven: [7] });
    dispose();
  });

  it('takes tensors from outside as constants of the time of tracing', () => {
    const outside = tf.tensor1d([10, 20]);
    const { call, dispose } = compile(({ a }) => ({ sum: a.add(outside) }));
    assert.deepEqual(numbersOf(call({ a: x })), { sum: [11, 22] });
    outside.dispose();
    assert.deepEqual(numbersOf(call({ a: x })), { sum: [11, 22] });
    dispose();
  });

  it('can be called again after it was disposed of', () => {
    const { call, dispose } = compile(({ a }) => ({ a }));
    tf.dispose(call({ a: x }));
    dispose();
    dispose();
    assert.deepEqual(numbersOf(call({ a: x })), { a: [1, 2] });
    dispose();
  });

  it('holds no tensor, over many calls and after its disposal', () => {
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 1])));
    const compiled = new CompiledFunctions({
      step: ({ a }) => {
        const { value, grads } = tf.variableGrads(() => a.mul(w).sum().asScalar(), [w]);
        w.assign(w.sub(grads[w.name].mul(0.1)));
        return { value };
      },
    });
    const start = memory();
    for (let i = 0; i < 20; i++) tf.dispose(compiled.call('step', { a: x }));
    compiled.pull();
    compiled.push();
    assert.deepEqual(memory(), start);
    compiled.dispose();
    assert.deepEqual(memory(), start);
    w.dispose();
  });

  it('leaves no temporary folder', () => {
    const before = leftFolders();
    const { call, dispose } = compile(({ a }) => ({ a }));
    tf.dispose(call({ a: x }));
    assert.deepEqual(leftFolders(), before);
    dispose();
  });

  describe('frozen', () => {
    it('takes the variables’ values of the first call for constants', () => {
      const w = tf.variable(tf.scalar(3));
      const { call, dispose } = compile(({ a }) => ({ product: a.mul(w) }), { frozen: true });
      assert.deepEqual(numbersOf(call({ a: x })), { product: [3, 6] });
      tf.tidy(() => w.assign(tf.scalar(5)));
      assert.deepEqual(numbersOf(call({ a: x })), { product: [3, 6] });
      w.dispose();
      dispose();
    });

    it('takes those variables for constants that are named, and changes the others', () => {
      const [w, sum] = [tf.variable(tf.scalar(3)), tf.variable(tf.scalar(0))];
      const { call, dispose } = compile(
        ({ a }) => {
          sum.assign(sum.add(a.mul(w).sum()));
          return { sum: sum.clone() };
        },
        { constants: [w] },
      );
      assert.deepEqual(numbersOf(call({ a: x })), { sum: [9] });
      tf.tidy(() => w.assign(tf.scalar(5)));
      assert.deepEqual(numbersOf(call({ a: x })), { sum: [18] });
      tf.dispose([w, sum]);
      dispose();
    });

    it('refuses to assign', () => {
      const w = tf.variable(tf.scalar(3), true, 'refused');
      const { call } = compile(
        ({ a }) => {
          w.assign(tf.scalar(4));
          return { a };
        },
        { frozen: true },
      );
      assert.throws(() => call({ a: x }), {
        name: 'UncompilableError',
        message: /Expected a function that assigns no constant but it assigns refused/,
      });
      assert.equal(w.dataSync()[0], 3);
      w.dispose();
    });
  });

  describe('a function that cannot be compiled', () => {
    let strings: tf.Tensor1D;

    before(() => {
      strings = tf.tensor1d(['a', 'b']);
    });

    after(() => strings.dispose());

    const cases: Readonly<Record<string, { run: TensorFunction; message: RegExp }>> = {
      'reads a value with dataSync': {
        run: ({ a }) => ({ first: tf.scalar(a.dataSync()[0]) }),
        message: /without dataSync\(\), data\(\) or array\(\) but it reads a value/,
      },
      'uses a kernel that is not recorded': {
        run: ({ a }) => ({ best: tf.topk(a, 1).values }),
        message: /TensorFlow\.js' kernel TopK has no recording \(training\/compile\/kernels\)/,
      },
      'throws itself': {
        run: ({ a }) => {
          a.add(1);
          throw new TypeError('its own error');
        },
        message: /for run but: its own error/,
      },
      'has no outputs': {
        run: () => ({}),
        message: /Expected at least one output but received none/,
      },
      'gives strings': {
        run: () => ({ strings: strings.clone() }),
        message: /Expected a dtype of float32, int32 or bool but received string/,
      },
      'uses complex numbers': {
        run: ({ a }) => ({ complex: tf.complex(a, a) }),
        message: /kernel Complex has no recording/,
      },
      'makes a variable': {
        run: ({ a }) => ({ sum: a.add(tf.variable(tf.scalar(1), true, 'made inside')) }),
        message: /Expected a function that makes no variable but it makes made inside/,
      },
      'makes a variable and throws': {
        run: ({ a }) => {
          tf.variable(a);
          throw new Error('after it');
        },
        message: /after it/,
      },
      'calls a compiled function': {
        run: ({ a }) => compile((inputs) => inputs).call({ a }),
        message:
          /Expected the active backend tensorflow for the compiled function run but received tf8-recording/,
      },
      'lacks an input': {
        run: ({ a, b }) => ({ sum: a.add(b) }),
        message: /must be a Tensor or TensorLike/,
      },
    };
    for (const [title, { run, message }] of Object.entries(cases)) {
      it(`${title}: an error says so; backend, variables and memory are as before`, () => {
        const w = tf.variable(tf.scalar(3));
        const { call } = compile((inputs) => {
          w.assign(tf.scalar(4));
          return run(inputs);
        });
        const start = memory();
        const variables = Object.keys(tf.engine().registeredVariables);
        assert.throws(
          () => call({ a: x }),
          (error: Error) => error instanceof UncompilableError && message.test(error.message),
        );
        assert.equal(tf.getBackend(), 'tensorflow');
        assert.equal(w.dataSync()[0], 3);
        assert.deepEqual(memory(), start);
        assert.deepEqual(Object.keys(tf.engine().registeredVariables), variables);
        w.dispose();
      });
    }

    it('names the cause', () => {
      const cause = new TypeError('its own error');
      const { call } = compile(() => {
        throw cause;
      });
      assert.throws(() => call({ a: x }), { cause });
    });

    it('refuses strings as inputs', () => {
      assert.throws(() => compile((inputs) => inputs).call({ strings }), {
        name: 'UncompilableError',
        message: /Expected a dtype of float32, int32 or bool but received string/,
      });
    });

    it('leaves the functions that were compiled before as they are', () => {
      const w = tf.variable(tf.scalar(0));
      const compiled = new CompiledFunctions({
        count: () => {
          w.assign(w.add(1));
          return { count: w };
        },
        broken: ({ a }) => ({ best: tf.topk(a, 1).values }),
        // TensorFlow.js takes it; libtensorflow has no such kernel for integers.
        refused: ({ a }) => ({ angle: tf.atan2(a.toInt(), a.toInt()) }),
      });
      const folders = leftFolders();
      assert.deepEqual(numbersOf(compiled.call('count', {})), { count: [1] });
      assert.throws(() => compiled.call('broken', { a: x }), UncompilableError);
      assert.deepEqual(numbersOf(compiled.call('count', {})), { count: [2] });
      for (let i = 0; i < 2; i++) {
        assert.throws(
          () => compiled.call('refused', { a: x }),
          /Failed to load SavedModel.*'T' of int32/,
        );
      }
      assert.deepEqual(numbersOf(compiled.call('count', {})), { count: [3] });
      assert.deepEqual(leftFolders(), folders);
      compiled.pull();
      assert.equal(w.dataSync()[0], 3);
      compiled.dispose();
      w.dispose();
    });
  });

  it('needs the TensorFlow backend to be active', async () => {
    const { call } = compile((inputs) => inputs);
    await onCpu(() => {
      assert.throws(
        () => call({ a: x }),
        /Expected the active backend tensorflow for the compiled function run but received cpu/,
      );
    });
  });
});
