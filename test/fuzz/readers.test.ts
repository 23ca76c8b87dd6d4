import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fuzzOnce, inputOf } from './fuzz.ts';
import { type FuzzedReader, fuzzedReaders } from './readers.ts';

const READERS = 29;
const INPUTS = 40;

/** Inputs that a reader once failed on with an error that was not ours. */
const FOUND: readonly (readonly [reader: string, seed: number])[] = [
  // A node whose name holds control characters, which tfjs takes for no layer.
  ['GraphDef', 2156],
];

describe('readers of files', () => {
  let folder: string;
  let readers: FuzzedReader[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tf8-fuzz-'));
    readers = await fuzzedReaders(folder);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('are all here', () => assert.equal(readers.length, READERS));

  it('take the sound files that are mutated', async () => {
    for (const { name, corpus, read } of readers) {
      if (name.endsWith('CRCs made good')) continue;
      for (const bytes of corpus) {
        await assert.doesNotReject(read(bytes), `${name} refuses its corpus`);
      }
    }
  });

  it('give the same input for the same seed, and others for others', () => {
    const [reader] = readers;
    assert.deepEqual(inputOf(reader, 5), inputOf(reader, 5));
    const inputs = Array.from({ length: 20 }, (_, seed) => inputOf(reader, seed).join());
    assert.ok(new Set(inputs).size > 15);
  });

  it('read or refuse the files that long runs have found', async () => {
    for (const [name, seed] of FOUND) {
      const reader = readers.find((candidate) => candidate.name === name);
      assert.equal(await fuzzOnce(reader!, seed), undefined);
    }
  });

  for (let index = 0; index < READERS; index++) {
    it(`read or refuse mutated files, saying what is wrong (${index + 1} of ${READERS})`, async () => {
      for (let seed = 0; seed < INPUTS; seed++) {
        assert.equal(await fuzzOnce(readers[index], seed), undefined);
      }
    });
  }
});
