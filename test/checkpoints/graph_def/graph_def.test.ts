import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { NodeDefSchema } from '../../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { readConstants } from '../../../checkpoints/graph_def/graph_def.ts';
import { UserError } from '../../../foundation/errors.ts';
import { constNode, graphBytes, littleEndian, type TensorFields } from '../support.ts';

/** Reads a graph of one constant `c`. */
function read(tensor: TensorFields) {
  return readConstants(graphBytes([constNode('c', tensor)]), 'graph.pb').get('c')!;
}

function refuses(what: RegExp, bytes: Uint8Array): void {
  assert.throws(
    () => readConstants(bytes, 'graph.pb'),
    (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /^graph\.pb is not a usable frozen graph: /);
      assert.match(error.message, what);
      assert.match(error.remedy!, /Get the file again/);
      return true;
    },
  );
}

const refusesTensor = (what: RegExp, tensor: TensorFields) =>
  refuses(what, graphBytes([constNode('c', tensor)]));

describe('readConstants', () => {
  it('reads raw little-endian content wherever it lies in the file', () => {
    const values = Float32Array.of(1.5, -0, Number.NaN, Math.fround(1e-40), 3.4e38, -2);
    for (const name of ['c', 'cc', 'ccc', 'cccc']) {
      const bytes = graphBytes([
        constNode(name, { dims: [2, 3], content: littleEndian(values) }),
        constNode('after', { floats: [7] }),
      ]);
      const constants = readConstants(bytes, 'graph.pb');
      assert.deepEqual(constants.get(name), { dtype: 'float32', shape: [2, 3], values });
      assert.deepEqual(constants.get('after')!.values, Float32Array.of(7));
    }
  });

  it('repeats the last listed value to the end, as TensorFlow does', () => {
    assert.deepEqual(read({ dims: [2, 2], floats: [5] }).values, Float32Array.of(5, 5, 5, 5));
    assert.deepEqual(read({ dims: [4], floats: [1, 2] }).values, Float32Array.of(1, 2, 2, 2));
    assert.deepEqual(read({ dims: [2] }).values, new Float32Array(2));
  });

  it('reads scalars and tensors without elements', () => {
    assert.deepEqual(read({ floats: [0.25] }), {
      dtype: 'float32',
      shape: [],
      values: Float32Array.of(0.25),
    });
    assert.deepEqual(read({ dims: [0, 3] }).values, new Float32Array(0));
  });

  it('gives other types their name and no values', () => {
    assert.deepEqual(read({ dtype: 3, dims: [2] }), {
      dtype: 'int32',
      shape: [2],
      values: undefined,
    });
    assert.equal(read({ dtype: 99 }).dtype, 'type 99');
  });

  it('skips nodes that are no constants', () => {
    const nodes = [create(NodeDefSchema, { name: 'input', op: 'Placeholder' })];
    const constants = readConstants(graphBytes([...nodes, constNode('c', { floats: [1] })]), 'g');
    assert.deepEqual([...constants.keys()], ['c']);
  });

  it('refuses a file that is no GraphDef', () => {
    refuses(/but 23 bytes do not parse as one/, Buffer.from('<html>not found</html>\n'));
    refuses(/it has 0 nodes and no constant/, new Uint8Array(0));
    refuses(/do not parse as one/, Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]));
    const placeholder = create(NodeDefSchema, { name: 'input', op: 'Placeholder' });
    refuses(/it has 1 nodes and no constant/, graphBytes([placeholder]));
  });

  it('refuses a file cut off at any byte, or reads fewer constants from it', () => {
    const whole = graphBytes([
      constNode('a', { dims: [3], content: littleEndian(Float32Array.of(1, 2, 3)) }),
      constNode('b', { dims: [2], floats: [4, 5] }),
    ]);
    const first = graphBytes([
      constNode('a', { dims: [3], content: littleEndian(Float32Array.of(1, 2, 3)) }),
    ]).length;
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.subarray(0, length);
      if (length === first) assert.deepEqual([...readConstants(cut, 'g').keys()], ['a']);
      else refuses(/is not a usable frozen graph/, cut);
    }
  });

  it('throws nothing but a UserError for a file with flipped bits', () => {
    const whole = graphBytes([
      constNode('a', { dims: [3], content: littleEndian(Float32Array.of(1, 2, 3)) }),
      constNode('b', { dims: [2], floats: [4, 5] }),
    ]);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const flipped = whole.slice();
        flipped[at] ^= mask;
        try {
          readConstants(flipped, 'graph.pb');
        } catch (error) {
          assert.ok(error instanceof UserError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses content whose length does not match the shape', () => {
    refusesTensor(/constant c: expected 12 bytes of content for shape \[3\] but received 8/, {
      dims: [3],
      content: new Uint8Array(8),
    });
    refusesTensor(/expected at most 2 values for shape \[2\] but received 3/, {
      dims: [2],
      floats: [1, 2, 3],
    });
  });

  it('refuses shapes that no classifier has before it takes memory for them', () => {
    refusesTensor(/expected dimensions in \[0, 67108864\] but received -1/, {
      dims: [-1],
      floats: [0],
    });
    refusesTensor(/but received 1000000000000/, { dims: [1e12], floats: [0] });
    refusesTensor(/shape \[100000,100000\] exceeds them/, { dims: [1e5, 1e5], floats: [0] });
    refusesTensor(/expected a known shape but its rank is open/, { unknownRank: true });
  });

  it('counts the elements of all constants together', () => {
    const all = { dims: [16384, 8192], floats: [0] };
    refuses(
      /constant b: expected at most 67108864 elements in the file/,
      graphBytes([constNode('a', { floats: [0] }), constNode('b', all)]),
    );
  });

  it('refuses a constant without a tensor and two of one name', () => {
    const empty = create(NodeDefSchema, { name: 'c', op: 'Const' });
    refuses(/constant c: expected an attribute "value" with its tensor/, graphBytes([empty]));
    const twice = constNode('c', { floats: [1] });
    refuses(/expected one of this name but there are several/, graphBytes([twice, twice]));
  });
});
