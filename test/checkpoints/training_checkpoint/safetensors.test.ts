import assert from 'node:assert/strict';
import type { Stats } from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  readSafetensors,
  type Safetensors,
} from '../../../checkpoints/training_checkpoint/safetensors.ts';
import type { WeightTensor } from '../../../checkpoints/weight_tensor.ts';
import { UserError } from '../../../foundation/errors.ts';
import { inFolder } from '../../support/in_folder.ts';
import {
  bitsOf,
  type Tensors,
  vector,
  withFileHandles,
  writeFileOf,
  writtenAndRead,
} from './support.ts';

const TENSORS: Tensors = new Map([
  ['kernel', { shape: [2, 2], values: Float32Array.of(1, -0, Number.NaN, 2 ** -149) }],
  ['step', { shape: [], values: Float32Array.of(7) }],
  ['none', { shape: [0, 3], values: new Float32Array() }],
]);

/** A safetensors file of any header and data. */
function fileOf(header: string | Buffer, dataBytes = 0): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)]);
}

async function refuses(content: Buffer, message: RegExp): Promise<void> {
  await inFolder(async (folder) => {
    const path = join(folder, 'a.safetensors');
    await writeFile(path, content);
    await assert.rejects(readSafetensors(path), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, message);
      assert.ok(error.message.includes(path));
      assert.ok(error.remedy);
      return true;
    });
  });
}

describe('writeSafetensors and readSafetensors', () => {
  const shapes = fc.array(fc.nat(4), { maxLength: 4 });
  const tensors = shapes.chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return fc
      .uint32Array({ minLength: length, maxLength: length })
      .map((bits): WeightTensor => ({ shape, values: new Float32Array(bits.slice().buffer) }));
  });
  const names = fc.oneof(
    fc.string({ unit: 'binary' }).filter((name) => name !== '__metadata__'),
    fc.constantFrom('__proto__', '0', 'constructor', 'Conv2d_0/kernel/RMSProp'),
  );

  it('bring back every bit of every name, shape, value and metadata', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(names, tensors), { selector: ([name]) => name, maxLength: 6 }),
        fc.uniqueArray(fc.tuple(names, fc.string({ unit: 'binary' })), {
          selector: ([name]) => name,
        }),
        async (named, strings) => {
          const metadata = new Map(strings);
          const written = new Map(named);
          const read = await writtenAndRead(written, metadata);
          assert.deepEqual(bitsOf(read.tensors), bitsOf(written));
          assert.deepEqual(read.metadata, metadata);
          assert.equal(read.hashed, true);
        },
      ),
      { numRuns: 60 },
    ));

  it('keep the order of the tensors, and values that lie inside of a larger buffer', async () => {
    const values = new Float32Array(new Float32Array([1, 2, 3, 4]).buffer, 4, 2);
    const read = await writtenAndRead(new Map([['z', { shape: [2], values }], ...TENSORS]));
    assert.deepEqual([...read.tensors.keys()], ['z', 'kernel', 'step', 'none']);
    assert.deepEqual([...read.tensors.get('z')!.values], [2, 3]);
  });

  it('go through tensors that are larger than a group, and what the system writes in parts', () =>
    withFileHandles(
      'writev',
      (original) =>
        function (pieces, position) {
          const [first] = pieces as Uint8Array[];
          const part = first.subarray(0, Math.ceil(first.length / 2));
          return original.call(this, [part], position);
        },
      async (folder) => {
        const values = Float32Array.from({ length: 1_500_000 }, (_, index) => index);
        const tensors = new Map([
          ['small', vector(1)],
          ['large', { shape: [1500, 1000], values }],
          ['last', vector(2, 3)],
        ]);
        const path = join(folder, 'a');
        await writeFileOf(path, tensors);
        assert.deepEqual(await readSafetensors(path), {
          tensors,
          metadata: new Map(),
          hashed: true,
        });
      },
    ));

  it('write the bytes that the format asks for', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a');
      await writeFileOf(path, new Map([['a', vector(1)]]), new Map([['k', '"v"']]));
      const bytes = await readFile(path);
      const length = Number(bytes.readBigUInt64LE());
      const header = bytes.toString('utf8', 8, 8 + length);
      const digest = header.slice(31, 95);
      assert.equal(
        header.trimEnd(),
        `{"__metadata__":{"tf8_sha256":"${digest}","k":"\\"v\\""},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`,
      );
      assert.equal(length % 8, 0);
      assert.equal(bytes.length, 8 + length + 4);
      assert.equal(bytes.readFloatLE(8 + length), 1);
    }));

  it('read what the safetensors library of Python has written', async () => {
    const { tensors, metadata, hashed } = await readSafetensors(
      join(import.meta.dirname, 'fixtures', 'python.safetensors'),
    );
    assert.deepEqual(
      tensors,
      new Map<string, WeightTensor>([
        ['matrix', { shape: [2, 3], values: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25) }],
        ['scalar', { shape: [], values: Float32Array.of(-0) }],
        ['empty', { shape: [0, 3], values: new Float32Array() }],
        ['7', vector(Number.NaN, Infinity, 2 ** -149, 16777215)],
        ['größe/naïve "name"\n', { shape: [1, 1], values: Float32Array.of(1.5) }],
      ]),
    );
    assert.deepEqual(
      metadata,
      new Map([
        ['origin', 'Python'],
        ['ключ', 'значение'],
      ]),
    );
    assert.equal(hashed, false);
  });
});

describe('writeSafetensors refuses', () => {
  const cases: [string, [string, WeightTensor][], [string, string][], RegExp][] = [
    [
      'another number of values',
      [['a', { ...vector(1), shape: [2] }]],
      [],
      /2 values of a \[2\] but/,
    ],
    ['a tensor named as the metadata', [['__metadata__', vector(1)]], [], /no tensor of the name/],
    [
      'a name that is no Unicode',
      [['\ud800', vector(1)]],
      [],
      /Unicode text but received "\\ud800"/,
    ],
    ['metadata that is no Unicode', [], [['a', 'b\udc00']], /Unicode text but received "b\\udc00"/],
    ['metadata named as the hash', [], [['tf8_sha256', '']], /no metadata of the name tf8_sha256/],
    ['names of over 100 MB', [], [['a', 'x'.repeat(1e8)]], /at most 100000000 bytes of names/],
  ];
  for (const [what, tensors, metadata, message] of cases) {
    it(what, () =>
      inFolder((folder) =>
        assert.rejects(writeFileOf(join(folder, 'a'), new Map(tensors), new Map(metadata)), {
          name: 'InvalidValueError',
          message,
        }),
      ),
    );
  }
});

describe('readSafetensors refuses', () => {
  const entry = (shape: unknown, begin: unknown, end: unknown, dtype = 'F32') =>
    JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
  for (const [what, content, message] of [
    ['an empty file', Buffer.alloc(0), /at least 8 bytes .* but it has 0$/],
    ['a header longer than the file', fileOf('{}').subarray(0, 9), /at most 1 bytes .* says 2$/],
    ['an absurd length', Buffer.alloc(16, 0xff), /at most 8 bytes .* says 18446744073709551615$/],
    ['a header that is no UTF-8', fileOf(Buffer.from([0x22, 0xff, 0x22])), /Expected UTF-8/],
    ['a header that is no JSON', fileOf('{"a":'), /Expected JSON in the header/],
    ['a header with a byte order mark', fileOf('\ufeff{}'), /Expected JSON in the header/],
    ['a list as header', fileOf('[]'), /Expected a JSON object in the header/],
    ['null as header', fileOf('null'), /Expected a JSON object in the header/],
    [
      'a name that comes twice',
      fileOf(`{"a":${entry([1], 0, 4)},"a":${entry([1], 0, 4)}}`, 4),
      /Expected each name once .* but a comes twice/,
    ],
    ['metadata that is no text', fileOf('{"__metadata__":{"a":1}}'), /Expected text .* but: a: /],
    [
      'a hash elsewhere',
      fileOf(`{"__metadata__":{"a":"","tf8_sha256":"${'0'.repeat(64)}"}}`),
      /first metadata/,
    ],
    [
      'a hash of other digits',
      fileOf(`{"__metadata__":{"tf8_sha256":"${'A'.repeat(64)}"}}`),
      /first metadata/,
    ],
    ['a hash that is too short', fileOf('{"__metadata__":{"tf8_sha256":"00"}}'), /first metadata/],
    [
      'a wrong hash',
      fileOf(`{"__metadata__":{"tf8_sha256":"${'0'.repeat(64)}"}}`),
      /Expected SHA-256 0{64} of .* but received [0-9a-f]{64}$/,
    ],
    [
      'an entry without shape',
      fileOf('{"a":{"dtype":"F32","data_offsets":[0,0]}}'),
      /of a in .* shape: /,
    ],
    ['a negative size', fileOf(`{"a":${entry([-1], 0, 4)}}`, 4), /shape\.0: /],
    ['an offset that is no integer', fileOf(`{"a":${entry([1], 0.5, 4)}}`, 4), /data_offsets\.0: /],
    [
      'another dtype',
      fileOf(`{"a":${entry([1], 0, 2, 'F16')}}`, 2),
      /float32 .* but received F16$/,
    ],
    [
      'bytes that do not fit the shape',
      fileOf(`{"a":${entry([2, 3], 0, 20)}}`, 20),
      /Expected 24 bytes of a \[2,3\] in .* are 0 to 20$/,
    ],
    [
      'a shape whose size overflows',
      fileOf(`{"a":${entry([2 ** 40, 2 ** 40], 0, 4)}}`, 4),
      /bytes of a/,
    ],
    ['an end before the beginning', fileOf(`{"a":${entry([1], 4, 0)}}`, 4), /are 4 to 0$/],
    [
      'tensors that overlap',
      fileOf(`{"a":${entry([2], 0, 8)},"b":${entry([2], 4, 12)}}`, 12),
      /data of b in .* to begin at byte 8 but it begins at 4$/,
    ],
    ['a hole', fileOf(`{"a":${entry([1], 0, 4)},"b":${entry([1], 8, 12)}}`, 12), /begins at 8$/],
    [
      'data that is too short',
      fileOf(`{"a":${entry([2], 0, 8)}}`, 7),
      /8 bytes of data .* received 7$/,
    ],
    [
      'data that is too long',
      fileOf(`{"a":${entry([2], 0, 8)}}`, 9),
      /8 bytes of data .* received 9$/,
    ],
  ] as const) {
    it(what, () => refuses(content, message));
  }

  it('a file that is not there, and a folder', () =>
    inFolder(async (folder) => {
      for (const [path, message] of [
        [join(folder, 'gone'), /Expected to read .*gone but: ENOENT/],
        [folder, /Expected to read .* but: EISDIR|at least 8 bytes/],
      ] as const) {
        await assert.rejects(readSafetensors(path), { name: 'UserError', message });
      }
    }));

  it('a file that becomes shorter while it is being read', () =>
    withFileHandles(
      'stat',
      (original) =>
        async function () {
          const info = (await original.call(this)) as Stats;
          return { ...info, size: info.size + 4 };
        },
      async (folder) => {
        const path = join(folder, 'a');
        await writeFile(path, fileOf(`{"a":${entry([2], 0, 8)}}`, 4));
        await assert.rejects(readSafetensors(path), /it became shorter while it was being read/);
      },
    ));

  it('a file of ours with any bit flipped', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a');
      await writeFileOf(path, new Map([['a', vector(1)]]), new Map([['k', 'v']]));
      const whole = await readFile(path);
      const isDetected = async (byte: number, bit: number) => {
        const damaged = Buffer.from(whole);
        damaged[byte] ^= 1 << bit;
        await writeFile(`${path}${bit}`, damaged);
        // Without a hash it may be another writer's: whoever needs ours asks whether there was one.
        const read = await readSafetensors(`${path}${bit}`).catch((error: unknown) => error);
        return read instanceof UserError || (read as Safetensors).hashed === false;
      };
      for (let byte = 0; byte < whole.length; byte++) {
        const bits = [0, 1, 2, 3, 4, 5, 6, 7];
        const detected = await Promise.all(bits.map((bit) => isDetected(byte, bit)));
        assert.ok(!detected.includes(false), `byte ${byte}, bit ${detected.indexOf(false)}`);
      }
    }));

  it('a file of ours cut off anywhere', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a');
      await writeFileOf(path, TENSORS, new Map([['k', 'v']]));
      const { length } = await readFile(path);
      for (let bytes = length - 1; bytes >= 0; bytes--) {
        await truncate(path, bytes);
        await assert.rejects(readSafetensors(path), UserError, `${bytes} bytes`);
      }
    }));
});
