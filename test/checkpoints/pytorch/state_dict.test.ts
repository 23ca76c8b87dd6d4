import assert from 'node:assert/strict';
import { readStateDict } from '../../../checkpoints/pytorch/state_dict.ts';
import { UserError } from '../../../foundation/errors.ts';

const text = (value: string) => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from('X'), length, bytes]);
};
const global = (name: string) => Buffer.from(`c${name.replace(' ', '\n')}\n`);
const op = (...parts: (string | number | Buffer)[]) =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.from([0x4b, part]) : Buffer.from(part as string),
    ),
  );
const PROTO = Buffer.from([0x80, 2]);
const TRUE = Buffer.from([0x88]);
const FALSE = Buffer.from([0x89]);
const tuple2 = Buffer.from([0x86]);

/** A file of one float tensor "w" [2, 3], stored column by column. */
function file({ callee = 'torch._utils _rebuild_tensor_v2', columns = 3 } = {}): Buffer {
  const magic = Buffer.from('800a'.replace('800a', '8a0a6cfc9c46f9206aa850192e'), 'hex').subarray(
    0,
    12,
  );
  const version = op(PROTO, Buffer.from([0x4d, 0xe9, 0x03]), '.');
  const system = op(PROTO, '}', text('little_endian'), TRUE, 's', '.');
  const storage = op(
    '(',
    text('storage'),
    global('torch FloatStorage'),
    text('0'),
    text('cpu'),
    6,
    'N',
    't',
    'Q',
  );
  const tensor = op(
    global(callee),
    '(',
    storage,
    0,
    op(2, columns, tuple2),
    op(1, 2, tuple2),
    FALSE,
    '}',
    't',
    'R',
  );
  const dictionary = op(PROTO, '}', text('w'), tensor, 's', '.');
  const keys = op(PROTO, ']', text('0'), 'a', '.');
  const data = Buffer.alloc(8 + 24);
  data.writeBigInt64LE(6n);
  for (let i = 0; i < 6; i++) data.writeFloatLE(i, 8 + 4 * i);
  return Buffer.concat([PROTO, magic, Buffer.from('.'), version, system, dictionary, keys, data]);
}

const read = (bytes: Uint8Array) => readStateDict(bytes, 'w.pth');

describe('readStateDict', () => {
  it('gives tensors row by row, whatever their strides', () => {
    const tensors = read(file());
    assert.deepEqual([...tensors.keys()], ['w']);
    assert.deepEqual(tensors.get('w')!.shape, [2, 3]);
    assert.deepEqual([...tensors.get('w')!.values], [0, 2, 4, 1, 3, 5]);
  });

  it('calls nothing that a pickle names but what makes tensors', () => {
    assert.throws(() => read(file({ callee: 'os system' })), /it calls os system/);
  });

  it('refuses a tensor that reaches beyond its storage', () => {
    assert.throws(() => read(file({ columns: 4 })), /reaches beyond its storage 0/);
  });

  it('refuses a file that is cut off anywhere', () => {
    const whole = file();
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => read(whole.subarray(0, length)), UserError, `${length} bytes`);
    }
  });

  it('refuses or reads a file with any byte changed, and throws nothing but a UserError', () => {
    const whole = file();
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 0x28, 0x2e, 0x52, 0xff]) {
        const changed = Buffer.from(whole);
        changed[at] = value;
        try {
          read(changed);
        } catch (error) {
          assert.ok(error instanceof UserError, `${at} = ${value}: ${error}`);
        }
      }
    }
  });
});
