import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import {
  CompiledFunctions,
  compile,
  type TensorFunction,
} from '../../../training/compile/compile.ts';
import { applyRmsProp } from '../../../training/compile/ops/optimizers.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { memory, numbersOf } from './support.ts';

const variable = (values: readonly number[], name?: string) =>
  tf.tidy(() => tf.variable(tf.tensor1d([...values]), true, name));

function assign(target: tf.Variable, values: readonly number[]): void {
  tf.tidy(() => target.assign(tf.tensor1d([...values])));
}

describe('variables of compiled functions', () => {
  let a: tf.Variable;
  let b: tf.Variable;

  before(needsTensorFlow);

  beforeEach(() => {
    a = variable([1, 2]);
    b = variable([10, 20]);
  });

  afterEach(() => tf.dispose([a, b]));

  /** Two calls give what the function gives uncompiled, twice, and leave a and b as it does. */
  function assertAsUncompiled(run: TensorFunction): void {
    const start = { a: [...a.dataSync()], b: [...b.dataSync()] };
    const expected = [1, 2].map(() => tf.tidy(() => numbersOf(cloned(run({})))));
    const end = { a: [...a.dataSync()], b: [...b.dataSync()] };
    assign(a, start.a);
    assign(b, start.b);
    const compiled = new CompiledFunctions({ run });
    assert.deepEqual(
      [1, 2].map(() => numbersOf(compiled.call('run', {}))),
      expected,
    );
    compiled.pull();
    assert.deepEqual({ a: [...a.dataSync()], b: [...b.dataSync()] }, end);
    compiled.dispose();
  }

  /** Uncompiled, a function may give its variables themselves: they are not to be disposed of. */
  function cloned(tensors: tf.NamedTensorMap): tf.NamedTensorMap {
    return Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, tensor.clone()]),
    );
  }

  const functions: Readonly<Record<string, TensorFunction>> = {
    'read them': () => ({ sum: a.add(b), a }),
    'assign one': () => {
      a.assign(a.mul(2));
      return { b };
    },
    'assign one and give it': () => {
      a.assign(a.mul(2));
      return { a };
    },
    'assign one twice: the last value counts': () => {
      a.assign(a.add(1));
      a.assign(a.mul(3));
      return { a, b };
    },
    'assign one its own value': () => {
      a.assign(a.clone());
      return { a };
    },
    'assign one back to what it was': () => {
      const before = a.clone();
      a.assign(a.mul(5));
      const between = a.add(0);
      a.assign(before);
      return { between, a };
    },
    'assign one from the other': () => {
      b.assign(a);
      a.assign(a.add(1));
      return { a, b };
    },
    'swap two': () => {
      const before = a.clone();
      a.assign(b);
      b.assign(before);
      return { a, b };
    },
    'assign a constant': () => {
      a.assign(tf.tensor1d([7, 8]));
      return { a };
    },
    'read an old value after the change': () => {
      const before = a.clone();
      a.assign(a.square());
      return { change: a.sub(before), before };
    },
    'use an old value, read only after the change, in the change of the other': () => {
      const before = a.clone();
      a.assign(tf.tensor1d([0, 0]));
      b.assign(b.add(before));
      return { b };
    },
  };
  for (const [title, run] of Object.entries(functions)) {
    it(`${title}, as uncompiled`, () => {
      assertAsUncompiled(() => run({}));
    });
  }

  it('any order of reads and assignments is as uncompiled', () => {
    const command = fc.record({
      op: fc.constantFrom('read', 'assign', 'copy', 'change'),
      target: fc.boolean(),
      source: fc.nat(5),
    });
    const property = (commands: { op: string; target: boolean; source: number }[]) => {
      assign(a, [1, 2]);
      assign(b, [10, 20]);
      assertAsUncompiled(() => {
        const seen: tf.Tensor[] = [a.clone(), b.clone()];
        for (const { op, target, source } of commands) {
          const variable = target ? a : b;
          const value = seen[source % seen.length];
          if (op === 'read') seen.push(variable.clone());
          else if (op === 'copy') variable.assign(target ? b : a);
          else if (op === 'assign') variable.assign(value);
          else variable.assign(variable.mul(0.5).add(value));
        }
        return Object.fromEntries(seen.map((tensor, index) => [`${index}`, tensor]));
      });
    };
    fc.assert(fc.property(fc.array(command, { maxLength: 8 }), property), { numRuns: 25 });
  });

  it('two that start from one tensor are two', () => {
    const [first, second] = tf.tidy(() => [tf.variable(a), tf.variable(a)] as const);
    const compiled = new CompiledFunctions({
      run: () => {
        first.assign(first.add(1));
        return { first, second: second, a };
      },
    });
    assert.deepEqual(numbersOf(compiled.call('run', {})), {
      first: [2, 3],
      second: [1, 2],
      a: [1, 2],
    });
    compiled.pull();
    assert.deepEqual([...first.dataSync(), ...second.dataSync()], [2, 3, 1, 2]);
    compiled.dispose();
    tf.dispose([first, second]);
  });

  it('of int32 and bool keep their dtype', () => {
    const count = tf.tidy(() => tf.variable(tf.scalar(3, 'int32')));
    const flag = tf.tidy(() => tf.variable(tf.scalar(true, 'bool')));
    const compiled = new CompiledFunctions({
      run: () => {
        count.assign(count.add(tf.scalar(1, 'int32')));
        flag.assign(flag.logicalNot());
        return { count, flag };
      },
    });
    assert.deepEqual(numbersOf(compiled.call('run', {})), { count: [4], flag: [0] });
    compiled.pull();
    assert.deepEqual([count.dtype, ...count.dataSync()], ['int32', 4]);
    assert.deepEqual([flag.dtype, ...flag.dataSync()], ['bool', 0]);
    compiled.dispose();
    tf.dispose([count, flag]);
  });

  describe('changed in place', () => {
    const OPTIONS = { decay: 0.5, momentum: 0.5, epsilon: 1 };
    let momentum: tf.Variable;

    beforeEach(() => {
      momentum = variable([0, 0]);
    });

    afterEach(() => momentum.dispose());

    /** a by the gradient [1, 2] with the mean square b. */
    const update = () =>
      applyRmsProp(a, { meanSquare: b, momentum }, tf.tensor1d([1, 2]), tf.scalar(0.5), OPTIONS);

    const cases: Readonly<Record<string, TensorFunction>> = {
      'a read after it sees the new values': () => {
        update();
        return { a, b, twice: a.mul(2) };
      },
      'a read before it sees the old values': () => {
        const before = a.mul(2);
        update();
        return { before };
      },
      'an old value that is read after it is the old one': () => {
        const before = a.clone();
        update();
        return { change: a.sub(before), before };
      },
      'an assignment after it starts from the new value': () => {
        update();
        a.assign(a.mul(10));
        return { a };
      },
      'an assignment after it that does not depend on it counts': () => {
        update();
        a.assign(tf.tensor1d([7, 8]));
        return { b };
      },
      'a read between it and an assignment sees the new values': () => {
        update();
        const between = a.clone();
        a.assign(tf.tensor1d([7, 8]));
        return { between, twice: between.mul(2) };
      },
      'a read between it and an assignment, used for another variable': () => {
        update();
        const between = a.clone();
        a.assign(tf.tensor1d([7, 8]));
        b.assign(between);
        return { b };
      },
      'an old value, used after it and an assignment': () => {
        const before = a.clone();
        update();
        a.assign(tf.tensor1d([7, 8]));
        b.assign(before);
        return { b };
      },
      'a copy of the new value to another variable': () => {
        update();
        b.assign(a);
        return { a, b };
      },
    };
    for (const [title, run] of Object.entries(cases)) {
      it(title, () => {
        const start = { a: [...a.dataSync()], b: [...b.dataSync()] };
        const expected = tf.tidy(() => numbersOf(cloned(run({}))));
        const end = state();
        assign(a, start.a);
        assign(b, start.b);
        assign(momentum, [0, 0]);
        const compiled = new CompiledFunctions({ run });
        assertNear(numbersOf(compiled.call('run', {})), expected);
        compiled.pull();
        assertNear(state(), end);
        compiled.dispose();
      });
    }

    const state = () => ({
      a: [...a.dataSync()],
      b: [...b.dataSync()],
      momentum: [...momentum.dataSync()],
    });

    /** In place, libtensorflow rounds otherwise than the operations written out. */
    function assertNear(
      received: Readonly<Record<string, number[]>>,
      expected: Readonly<Record<string, number[]>>,
    ): void {
      for (const [name, numbers] of Object.entries(expected)) {
        numbers.forEach((number, index) => {
          const difference = Math.abs(received[name][index] - number);
          assert.ok(difference <= 1e-6 * Math.abs(number), `${name}: ${received[name]} ${numbers}`);
        });
      }
    }

    it('is refused for a variable that has been changed before', () => {
      const { call } = compile(() => {
        update();
        update();
        return { a };
      });
      assert.throws(() => call({}), {
        name: 'UncompilableError',
        message:
          /Expected a variable that the function has not changed before for ResourceApplyRMSProp but received \S+, which it has/,
      });
    });

    it('is refused for a variable that has been assigned before', () => {
      const { call } = compile(() => {
        a.assign(a.add(1));
        update();
        return { a };
      });
      assert.throws(() => call({}), {
        name: 'UncompilableError',
        message: /has not changed before for ResourceApplyRMSProp but received a tensor/,
      });
    });
  });

  it('are the session’s until pull and from push on', () => {
    const { call, compiled } = counter();
    assert.deepEqual(call(), { a: [2, 3] });
    assert.deepEqual([...a.dataSync()], [1, 2]);
    compiled.pull();
    assert.deepEqual([...a.dataSync()], [2, 3]);
    assign(a, [100, 200]);
    assert.deepEqual(call(), { a: [3, 4] });
    compiled.push();
    assert.deepEqual(call(), { a: [101, 201] });
    compiled.dispose();
  });

  /** Adds 1 to a. */
  function counter() {
    const compiled = new CompiledFunctions({
      run: (inputs) => {
        a.assign(a.add(1));
        return { a, ...inputs };
      },
    });
    return { compiled, call: () => numbersOf(compiled.call('run', {})) };
  }

  it('pull and push do nothing before the first call and after the disposal', () => {
    const { compiled, call } = counter();
    compiled.pull();
    compiled.push();
    call();
    compiled.dispose();
    compiled.pull();
    compiled.push();
    assert.deepEqual([...a.dataSync()], [1, 2]);
  });

  it('functions without variables can be pulled and pushed', () => {
    const compiled = new CompiledFunctions({ run: () => ({ one: tf.scalar(1) }) });
    tf.dispose(compiled.call('run', {}));
    compiled.pull();
    compiled.push();
    assert.deepEqual(numbersOf(compiled.call('run', {})), { one: [1] });
    compiled.dispose();
  });

  it('are shared by the functions of one session', () => {
    const compiled = new CompiledFunctions({
      add: ({ x }) => {
        a.assign(a.add(x));
        return { a };
      },
      double: () => {
        a.assign(a.mul(2));
        b.assign(a);
        return { b };
      },
      read: () => ({ a, b }),
    });
    const one = tf.scalar(1);
    assert.deepEqual(numbersOf(compiled.call('add', { x: one })), { a: [2, 3] });
    assert.deepEqual(numbersOf(compiled.call('double', {})), { b: [4, 6] });
    assert.deepEqual(numbersOf(compiled.call('add', { x: one })), { a: [5, 7] });
    assert.deepEqual(numbersOf(compiled.call('read', {})), { a: [5, 7], b: [4, 6] });
    one.dispose();
    compiled.dispose();
  });

  it('keep the session’s values when new shapes are traced', () => {
    const { compiled, call } = counter();
    call();
    call();
    const x = tf.tensor1d([1, 2, 3]);
    assert.deepEqual(numbersOf(compiled.call('run', { x })), { a: [4, 5], x: [1, 2, 3] });
    assert.deepEqual(call(), { a: [5, 6] });
    x.dispose();
    compiled.dispose();
  });

  it('are untouched by tracing', () => {
    const { compiled, call } = counter();
    const start = memory();
    const values = [...a.dataSync(), ...b.dataSync()];
    call();
    assert.deepEqual([...a.dataSync(), ...b.dataSync()], values);
    assert.deepEqual(numbersOf({ sum: a.add(b) }), { sum: [11, 22] });
    assert.deepEqual(memory(), start);
    compiled.dispose();
    assert.deepEqual(memory(), start);
  });

  it('of equal names except for what a graph allows are told apart', () => {
    const [first, second] = [variable([1], 'a:b'), variable([2], 'a?b')];
    const { call, dispose } = compile(() => ({ first, second }));
    assert.deepEqual(numbersOf(call({})), { first: [1], second: [2] });
    tf.dispose([first, second]);
    dispose();
  });
});
