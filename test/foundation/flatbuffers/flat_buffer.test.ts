import assert from 'node:assert/strict';
import { ByteBuffer } from 'flatbuffers';
import { UserError } from '../../../foundation/errors.ts';
import {
  FlatReader,
  type FlatSchema,
  flatTable,
  writeFlatBuffer,
} from '../../../foundation/flatbuffers/flat_buffer.ts';

const LEAF = { name: [1, 'string'], data: [0, 'bytes'] } as const satisfies FlatSchema;
const ROOT = {
  flag: [0, 'bool'],
  byte: [1, 'int8'],
  count: [2, 'int32'],
  leaf: [3, 'table'],
  leaves: [5, 'tables'],
  shape: [6, 'int32s'],
  zeroPoints: [7, 'int64s'],
  scales: [8, 'float32s'],
  names: [9, 'strings'],
  share: [10, 'float32'],
} as const satisfies FlatSchema;

const leaf = (name: string, length: number) =>
  flatTable(LEAF, { name, data: Uint8Array.from({ length }, (_, index) => index) });

const file = writeFlatBuffer(
  flatTable(ROOT, {
    flag: true,
    byte: 3,
    count: 70_000,
    leaves: [leaf('one', 1), leaf('größer', 33)],
    shape: [1, -2, 3],
    zeroPoints: [255],
    scales: [0.5, 2],
    names: ['a', 'bc'],
    share: 0.25,
  }),
  'TEST',
);

/** The root's field at a slot, by the flatbuffers library. */
function fieldAt(slot: number): { buffer: ByteBuffer; at: number } {
  const buffer = new ByteBuffer(file);
  const root = buffer.readInt32(0);
  const way = buffer.__offset(root, 4 + 2 * slot);
  assert.ok(way > 0, `slot ${slot} is there`);
  return { buffer, at: root + way };
}

const refuse = (message: string) => new UserError(message);

describe('writeFlatBuffer', () => {
  it('writes scalars and vectors where the flatbuffers library reads them', () => {
    const { buffer, at } = fieldAt(1);
    assert.equal(buffer.readInt8(at), 3);
    assert.equal(buffer.readInt8(fieldAt(0).at), 1);
    assert.equal(buffer.readInt32(fieldAt(2).at), 70_000);
    const vector = (slot: number) => buffer.__vector(fieldAt(slot).at);
    assert.deepEqual(
      [0, 1, 2].map((index) => buffer.readInt32(vector(6) + 4 * index)),
      [1, -2, 3],
    );
    assert.equal(buffer.readInt64(vector(7)), 255n);
    assert.deepEqual(
      [0, 4].map((index) => buffer.readFloat32(vector(8) + index)),
      [0.5, 2],
    );
    assert.equal(buffer.__string(vector(9) + 4), 'bc');
  });

  it('leaves out what has the value 0', () => {
    const { buffer } = fieldAt(0);
    assert.equal(buffer.__offset(buffer.readInt32(0), 4 + 2 * 3), 0);
  });

  it('puts bytes at multiples of 16, as the TFLite schema demands', () => {
    for (const table of FlatReader.root(file, 'TEST', refuse).tables(ROOT, 'leaves')) {
      assert.equal((table.bytes(LEAF, 'data')!.byteOffset - file.byteOffset) % 16, 0);
    }
  });
});

describe('FlatReader', () => {
  const root = FlatReader.root(file, 'TEST', refuse);

  it('reads what was written', () => {
    assert.equal(root.uint32(ROOT, 'count'), 70_000);
    const leaves = root.tables(ROOT, 'leaves');
    assert.deepEqual(
      leaves.map((table) => table.string(LEAF, 'name')),
      ['one', 'größer'],
    );
    assert.deepEqual(
      leaves.map((table) => table.bytes(LEAF, 'data')!.length),
      [1, 33],
    );
    assert.deepEqual([root.bool(ROOT, 'flag'), root.int8(ROOT, 'byte')], [true, 3]);
    assert.equal(root.int32(ROOT, 'count'), 70_000);
    assert.equal(root.float32(ROOT, 'share'), 0.25);
    assert.deepEqual(root.int32s(ROOT, 'shape'), [1, -2, 3]);
    assert.deepEqual(root.int64s(ROOT, 'zeroPoints'), [255]);
    assert.deepEqual(root.float32s(ROOT, 'scales'), [0.5, 2]);
    assert.equal(root.table(ROOT, 'leaf'), undefined);
  });

  it('gives nothing for what was left out', () => {
    const empty = FlatReader.root(writeFlatBuffer(flatTable(ROOT, {}), 'TEST'), 'TEST', refuse);
    assert.equal(empty.uint32(ROOT, 'count'), 0);
    assert.equal(empty.string(LEAF, 'name'), '');
    assert.equal(empty.bytes(LEAF, 'data'), undefined);
    assert.deepEqual(empty.tables(ROOT, 'leaves'), []);
  });

  it('refuses a file of another kind', () => {
    assert.throws(() => FlatReader.root(file, 'TFL3', refuse), {
      name: 'UserError',
      message: 'Expected a FlatBuffers file of kind "TFL3" but received "TEST"',
    });
  });

  it('reads or refuses a file that was cut off anywhere, and never reads beyond it', () => {
    let refused = 0;
    for (let length = 8; length < file.length; length++) {
      try {
        const cut = FlatReader.root(file.slice(0, length), 'TEST', refuse);
        for (const table of cut.tables(ROOT, 'leaves')) table.bytes(LEAF, 'data');
      } catch (error) {
        assert.equal((error as Error).name, 'UserError');
        assert.match((error as Error).message, /^Expected positions below \d+, the file's length/);
        refused++;
      }
    }
    assert.ok(refused > 0);
  });
});
