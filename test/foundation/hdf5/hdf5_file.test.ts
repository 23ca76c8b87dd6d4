import assert from 'node:assert/strict';
import { openHdf5 } from '../../../foundation/hdf5/hdf5_file.ts';
import { writeHdf5 } from './write_hdf5.ts';

const refuse = (reason: string) => new Error(`damaged: ${reason}`);

const FILE = writeHdf5({
  attributes: { config: '{"a": "é"}', names: ['conv1', 'a', 'bias'] },
  children: {
    conv1: { children: { 'kernel:0': { shape: [2, 1], values: Float32Array.of(1.5, -2) } } },
    empty: { attributes: { none: [] } },
  },
});

describe('openHdf5', () => {
  it('finds groups, data and texts by their names', () => {
    const root = openHdf5(FILE, refuse);
    assert.deepEqual(root.names, ['conv1', 'empty']);
    assert.equal(root.text('config'), '{"a": "é"}');
    assert.deepEqual(root.texts('names'), ['conv1', 'a', 'bias']);
    const data = root.data('conv1/kernel:0')!;
    assert.deepEqual(data.shape, [2, 1]);
    assert.deepEqual(data.type, { kind: 'float', bytes: 4 });
    assert.deepEqual(data.bytes(), new Uint8Array(Float32Array.of(1.5, -2).buffer));
  });

  it('gives undefined where nothing of the kind is', () => {
    const root = openHdf5(FILE, refuse);
    assert.equal(root.find('nowhere'), undefined);
    assert.equal(root.find('conv1/kernel:0/deeper'), undefined);
    assert.equal(root.data('conv1'), undefined);
    assert.equal(root.group('conv1/kernel:0'), undefined);
    assert.equal(root.texts('nothing'), undefined);
    assert.equal(root.text('names'), undefined);
  });

  it('says of a file that it is none, of another version, or cut off', () => {
    assert.throws(() => openHdf5(new Uint8Array(100), refuse), /does not begin as one/);
    const other = FILE.slice();
    other[8] = 9;
    assert.throws(() => openHdf5(other, refuse), /of version 9/);
    const narrow = FILE.slice();
    narrow[13] = 4;
    assert.throws(() => openHdf5(narrow, refuse), /not of 64 bits/);
    const cut = openHdf5.bind(undefined, FILE.slice(0, 80), refuse);
    assert.throws(cut, /it has 80 bytes, and asks for/);
  });

  it('refuses a tree of names that leads back to itself', () => {
    const looped = FILE.slice();
    const tree = Buffer.from(looped).lastIndexOf('TREE');
    looped[tree + 5] = 1; // a level above the leaves
    new DataView(looped.buffer).setBigUint64(tree + 32, BigInt(tree), true);
    const open = () => openHdf5(looped, refuse).names;
    assert.throws(open, /leads back to itself/);
  });
});
