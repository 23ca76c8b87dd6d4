import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { NETWORK } from '../../../bench/executor/record.ts';
import { timeRoundings } from '../../../bench/executor/roundings.ts';
import {
  type RoundingsRecord,
  roundingsRecordSchema,
} from '../../../bench/executor/roundings_record.ts';
import { roundingsTable } from '../../../bench/executor/roundings_table.ts';
import { roundingsFiles } from '../../../bench/executor/write_record.ts';
import { repositoryRoot } from '../../../foundation/repository.ts';
import type { Kernels } from '../../../quantize/kernels/kernels.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import type { TierReport } from '../../../quantize/kernels/route.ts';
import { withRounding } from '../../../quantize/model/tf8_model.ts';
import { ROUNDINGS } from '../../../quantize/params/roundings.ts';
import { elements } from '../../../quantize/params/shape.ts';
import { randomBytes } from '../../quantize/kernels/make_call.ts';
import { runWith } from '../../quantize/kernels/run_with.ts';
import { randomModels, withPowersOfTwo } from '../../quantize/model/random_models.ts';
import { contextOf } from '../../scripts/support.ts';
import { RECORD } from './rows.ts';

const row = (tier: string, rounding: (typeof ROUNDINGS)[number], latencyMs: number) => ({
  tier,
  rounding,
  latencyMs,
  fastestMs: latencyMs,
  calls: 10,
});

const { date, kind, environment, network, content, rounds, secondsPerTurn } = RECORD;

const ROUNDINGS_RECORD: RoundingsRecord = {
  ...{ date, kind, environment, network, content, rounds, secondsPerTurn },
  rows: [
    row('tf8 native avx2', 'f32-multiply-round-half-even', 8),
    row('tf8 wasm', 'f32-multiply-round-half-even', 30),
    row('tf8 native avx2', 'double-rounding', 10),
    row('tf8 wasm', 'double-rounding', 3000),
  ],
};

describe('roundingsTable', () => {
  it('sets each profile beside the default', () => {
    assert.equal(
      roundingsTable(ROUNDINGS_RECORD),
      `${NETWORK}: milliseconds of one image on one thread by each profile of rounding, medians of all calls, and times as long as by the default. In each of 3 rounds everybody had a turn of 0.1 s.

|                 | f32-multiply-round-half-even | double-rounding | shift-round | power-of-two |
| --------------- | ---------------------------: | --------------: | ----------: | -----------: |
| tf8 native avx2 |                         8.00 |  10.00 (× 1.25) |           – |            – |
| tf8 wasm        |                        30.00 | 3000.00 (× 100) |           – |            – |

Before, every tier gave the reference's bytes by each profile on every layer, on photographs. A processor (AVX2), 2 threads, Node 20.0.0, commit 0123456789, 2026-01-02.`,
    );
  });
});

describe('timeRoundings', () => {
  const [model] = fc.sample(randomModels({ withEveryOp: true }), { seed: 3, numRuns: 1 });
  const images = randomBytes(2 * elements(model.input.shape), 1);
  const networks = ROUNDINGS.map((rounding) => ({
    rounding,
    tf8: withRounding(rounding === 'power-of-two' ? withPowersOfTwo(model) : model, rounding),
    images,
  }));
  const reference = { name: 'reference', tier: 'reference', kernels: REFERENCE_KERNELS } as const;
  const reports = (change: (output: Uint8Array) => void): TierReport[] => {
    const kernels: Kernels = {
      tier: 'wasm',
      ...runWith('conv2d', ({ output }) => change(output)),
    };
    return [
      { name: 'wasm', tier: 'wasm', state: 'passed', kernels },
      { ...reference, state: 'passed' },
    ];
  };
  const timing = { rounds: 1, seconds: 0 };

  it('has a row for each tier with vectors and profile', async () => {
    const rows = await timeRoundings(
      networks,
      reports(() => {}),
      timing,
      contextOf(),
    );
    assert.deepEqual(
      rows.map(({ tier, rounding, calls }) => [tier, rounding, calls]),
      ROUNDINGS.map((rounding) => ['tf8 wasm', rounding, 1]),
    );
  });

  it('times nothing where a byte is another than the reference has', () =>
    assert.rejects(
      timeRoundings(
        networks.slice(1),
        reports((output) => {
          output[0] ^= 1;
        }),
        timing,
        contextOf(),
      ),
      /^UserError: wasm differs from the reference at .* of image 0: nothing is timed$/,
    ));
});

describe('the record of the profiles of rounding', () => {
  it('that is published gives its table', async () => {
    const folder = join(repositoryRoot(), 'bench', 'results');
    for (const name of (await readdir(folder)).filter((one) => /^roundings-.*\.json$/.test(one))) {
      const text = await readFile(join(folder, name), 'utf8');
      const files = roundingsFiles(roundingsRecordSchema.parse(JSON.parse(text)));
      assert.ok(files.has(name));
      for (const [file, own] of files) {
        assert.equal(await readFile(join(folder, file), 'utf8'), own, file);
      }
    }
  });
});
