import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  openCheckpointV1,
  readCheckpointV1,
} from '../../../checkpoints/tensor_bundle/checkpoint_v1.ts';
import {
  openCheckpointV2,
  readCheckpointV2,
} from '../../../checkpoints/tensor_bundle/checkpoint_v2.ts';
import { tableEntries } from '../../../checkpoints/tensor_bundle/sorted_table.ts';
import type { Checkpoint } from '../../../checkpoints/tensor_bundle/variables.ts';
import type { WeightTensor } from '../../../checkpoints/weight_tensor.ts';
import { UserError } from '../../../foundation/errors.ts';
import { inFolder } from '../../support/in_folder.ts';
import { memorySource } from '../../support/memory_source.ts';
import { someValues } from '../support.ts';
import { bundle, type EntryFields, type TableOptions, table, versionOne } from './write_table.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');

const tensor = (shape: readonly number[], seed: number): WeightTensor => ({
  shape,
  values: someValues(
    shape.reduce((a, b) => a * b, 1),
    seed,
  ),
});

/** Enough names for several restarts and blocks. */
const TENSORS: ReadonlyMap<string, WeightTensor> = new Map(
  Array.from({ length: 50 }, (_, index) => [
    `scope/layer_${index}/weights`,
    tensor([1 + (index % 3), 2, 3], index),
  ]),
);

const openShard = (data: Uint8Array) => async () => memorySource(data, 'data');

function readBundle({ index, data }: { index: Uint8Array; data: Uint8Array }): Promise<Checkpoint> {
  return readCheckpointV2(memorySource(index, 'index'), openShard(data));
}

async function refuses(reading: () => Promise<unknown>, what: RegExp): Promise<void> {
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, what);
    return true;
  });
}

async function entriesOf(bytes: Uint8Array): Promise<[string, string][]> {
  const entries: [string, string][] = [];
  for await (const { key, value } of tableEntries(memorySource(bytes, 'table'))) {
    entries.push([Buffer.from(key).toString(), Buffer.from(value).toString()]);
  }
  return entries;
}

describe('the sorted table of a checkpoint', () => {
  const pairs = Array.from({ length: 100 }, (_, index): [string, string] => [
    `key/${String(index).padStart(3, '0')}`,
    `value ${index}`,
  ]);
  const written = (options?: TableOptions) =>
    table(
      pairs.map(([key, value]) => [key, Buffer.from(value)]),
      options,
    );

  it('gives every entry in order, over restarts and blocks', async () => {
    for (const entriesPerBlock of [1, 7, 100]) {
      assert.deepEqual(await entriesOf(written({ entriesPerBlock })), pairs);
    }
    assert.deepEqual(await entriesOf(table([])), []);
  });

  it('refuses a file that ends otherwise', async () => {
    const magic =
      /table is not a usable TensorFlow checkpoint: expected a table that ends in the magic number db4775248b80fb57/;
    await refuses(() => entriesOf(Buffer.from('no table')), magic);
    await refuses(() => entriesOf(written().subarray(0, -1)), magic);
  });

  it('refuses a block whose CRC differs, and names it', async () => {
    const bytes = written();
    bytes[3] ^= 1;
    await refuses(() => entriesOf(bytes), /expected the masked CRC-32C \d+ of the block at byte 0/);
  });

  it('refuses compressed blocks, which TensorFlow never writes', () =>
    refuses(
      () => entriesOf(written({ compression: 1 })),
      /expected the block at byte 0 uncompressed, as TensorFlow writes it, but its compression is 1/,
    ));

  it('refuses blocks beyond the file before it takes memory for them', () =>
    refuses(
      () => entriesOf(written({ handles: ([, ...rest]) => [[0, 2 ** 40], ...rest] })),
      /expected the block at byte 0 to end before byte \d+ but it has 1099511627776 bytes/,
    ));

  it('refuses a block that is read twice', () =>
    refuses(
      () => entriesOf(written({ handles: ([first]) => [first, first] })),
      /expected a block at byte \d+ or later but received 0/,
    ));
});

describe('checkpoints of TensorFlow', () => {
  const OPEN: Readonly<Record<string, () => Promise<Checkpoint>>> = {
    'version 1': () => openCheckpointV1(join(FIXTURES, 'version_1.ckpt')),
    'version 2': () => openCheckpointV2(join(FIXTURES, 'version_2.ckpt')),
  };
  for (const [version, open] of Object.entries(OPEN)) {
    it(`of ${version} give TensorFlow's values, types and shapes`, async () => {
      const { variables, read } = await open();
      assert.deepEqual([...variables.keys()].sort(), [
        'MobilenetV1/Conv2d_0/weights',
        'scalar',
        'step',
      ]);
      assert.deepEqual(
        await read(['MobilenetV1/Conv2d_0/weights', 'scalar', 'step']),
        new Map([
          [
            'MobilenetV1/Conv2d_0/weights',
            {
              dtype: 'float32',
              shape: [1, 2, 3, 4],
              values: Float32Array.from({ length: 24 }, (_, index) => index),
            },
          ],
          ['scalar', { dtype: 'float32', shape: [], values: Float32Array.of(3.5) }],
          ['step', { dtype: 'int64', shape: [], values: Int32Array.of(7) }],
        ]),
      );
    });
  }

  it('of both versions give what was written, and only what is asked for', async () => {
    const checkpoints = [
      await readBundle(bundle(TENSORS)),
      await readCheckpointV1(async () => memorySource(versionOne(TENSORS), 'v1')),
    ];
    for (const { read, variables } of checkpoints) {
      assert.deepEqual([...variables.keys()].sort(), [...TENSORS.keys()].sort());
      const names = ['scope/layer_7/weights', 'scope/layer_31/weights'];
      const values = await read(names);
      assert.deepEqual([...values.keys()].sort(), [...names].sort());
      for (const name of names) {
        assert.deepEqual(values.get(name), { dtype: 'float32', ...TENSORS.get(name)! });
      }
    }
  });

  it('of version 2 name the shard that is missing', () =>
    inFolder(async (folder) => {
      await writeFile(
        join(folder, 'm.ckpt.index'),
        await readFile(join(FIXTURES, 'version_2.ckpt.index')),
      );
      const { read } = await openCheckpointV2(join(folder, 'm.ckpt'));
      await refuses(
        () => read(['scalar']),
        /Expected to read the file .*m\.ckpt\.data-00000-of-00001 but/,
      );
    }));

  const ONE = new Map([['a', tensor([2, 3], 0)]]);
  const BROKEN_ENTRIES: Readonly<Record<string, [EntryFields, RegExp]>> = {
    'a size that is not that of the shape': [
      { size: 20n },
      /tensor a: expected 24 bytes for float32 of shape \[2,3\] but it has 20/,
    ],
    'bytes beyond the shard': [
      { offset: 4n },
      /tensor a: expected at most 24 bytes inside the 24 of data but received 24 from 4 on/,
    ],
    'a shard that is not there': [{ shardId: 1 }, /expected a shard in \[0, 1\) but received 1/],
    'another CRC': [{ crc32c: 1 }, /tensor a: expected the masked CRC-32C 1 but received/],
    'an absurd shape': [
      { shape: [2 ** 20, 2 ** 20] },
      /tensor a: expected at most \d+ elements in all but shape \[1048576,1048576\] exceeds them/,
    ],
    'a negative side': [
      { shape: [-1] },
      /tensor a: expected dimensions in \[0, \d+\] but received -1/,
    ],
  };
  for (const [title, [fields, message]] of Object.entries(BROKEN_ENTRIES)) {
    it(`of version 2 refuse ${title}`, () =>
      refuses(async () => (await readBundle(bundle(ONE, { a: fields }))).read(['a']), message));
  }

  it('of version 2 refuse a header that is missing or not usable', async () => {
    const data = new Uint8Array(0);
    const index = table([['a', new Uint8Array(0)]]);
    await refuses(() => readBundle({ index, data }), /expected an entry with the number of shards/);
    const big = bundle(ONE, {}, { endianness: 1 });
    await refuses(() => readBundle(big), /expected little-endian tensors but they are big-endian/);
    const none = bundle(ONE, {}, { numShards: 0 });
    await refuses(() => readBundle(none), /expected 1 to 99999 shards but received 0/);
  });

  it('of version 2 give tensors that are no numbers without values', async () => {
    const checkpoint = await readBundle(bundle(ONE, { a: { dtype: 7 } }));
    assert.deepEqual((await checkpoint.read(['a'])).get('a'), {
      dtype: 'string',
      shape: [2, 3],
      values: undefined,
    });
  });

  it('of version 1 refuse a table without a list, and a tensor without values', async () => {
    const read = (bytes: Uint8Array) => readCheckpointV1(async () => memorySource(bytes, 'v1'));
    await refuses(
      () => read(table([['a', new Uint8Array(0)]])),
      /v1 is not a usable TensorFlow checkpoint: expected an entry that lists its tensors/,
    );
    const whole = await entriesOf(versionOne(ONE));
    assert.equal(whole.length, 2);
    const bytes: Uint8Array[] = [];
    for await (const { value } of tableEntries(memorySource(versionOne(ONE), 'v1'))) {
      bytes.push(value);
    }
    const listOnly = table([['', bytes[0]]]);
    await refuses(
      async () => (await read(listOnly)).read(['a']),
      /tensor a: expected its values but they are missing/,
    );
    await refuses(
      () => read(table([['', Uint8Array.of(255)]])),
      /expected serialized SavedTensorSlices/,
    );
  });
});
