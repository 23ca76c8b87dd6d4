import assert from 'node:assert/strict';
import fc from 'fast-check';
import { profileLayers } from '../../../bench/executor/layers.ts';
import { checkTiers, tierCallers } from '../../../bench/executor/tiers.ts';
import type { Kernels } from '../../../quantize/kernels/kernels.ts';
import { REFERENCE_KERNELS } from '../../../quantize/kernels/reference.ts';
import type { TierReport } from '../../../quantize/kernels/route.ts';
import { randomBytes } from '../../quantize/kernels/make_call.ts';
import { runWith } from '../../quantize/kernels/run_with.ts';
import { randomModels } from '../../quantize/model/random_models.ts';

const MODEL = fc.sample(randomModels({ withEveryOp: true }), { seed: 3, numRuns: 1 })[0];
const SIZE = MODEL.input.shape.reduce((product, side) => product * side, 1);
const IMAGES = randomBytes(4 * SIZE, 1);

const REFERENCE: TierReport = {
  name: 'reference',
  tier: 'reference',
  state: 'passed',
  kernels: REFERENCE_KERNELS,
};

/** The reference, except for what `change` does to the outputs of its convolutions. */
function changed(change: (output: Uint8Array) => void): Kernels {
  return { tier: 'wasm', ...runWith('conv2d', ({ output }) => change(output)) };
}

function wasm(kernels: Kernels): TierReport {
  return { name: 'wasm', tier: 'wasm', state: 'passed', kernels };
}

describe('checkTiers', () => {
  it('gives the tiers that have the bytes of the reference, and why others are not here', () => {
    const missing: TierReport = {
      name: 'native avx2',
      tier: 'native',
      instructionSet: 'avx2',
      state: 'unsupported',
      reason: 'this processor has no avx2',
    };
    const { tiers, leftOut } = checkTiers(MODEL, IMAGES, [
      missing,
      wasm(changed(() => {})),
      REFERENCE,
    ]);
    assert.deepEqual(
      tiers.map(({ name, isSlow }) => [name, isSlow]),
      [
        ['tf8 wasm', false],
        ['tf8 reference', true],
      ],
    );
    assert.deepEqual(leftOut, [{ name: 'tf8 native avx2', reason: 'this processor has no avx2' }]);
  });

  it('refuses a tier that differs in one byte of one layer', () => {
    const first = MODEL.nodes.find(({ op }) => op === 'conv2d')!;
    const lies = changed((output) => {
      output[output.length - 1] ^= 1;
    });
    assert.throws(() => checkTiers(MODEL, IMAGES, [wasm(lies), REFERENCE]), {
      name: 'UserError',
      message: `wasm differs from the reference at ${first.name} of image 0: nothing is timed`,
    });
  });

  it('refuses a tier that fails its self-test', () => {
    const failed: TierReport = {
      name: 'wasm',
      tier: 'wasm',
      state: 'failed',
      reason: 'Expected byte 1',
    };
    assert.throws(() => checkTiers(MODEL, IMAGES, [failed, REFERENCE]), {
      name: 'UserError',
      message: 'wasm fails its self-test: Expected byte 1',
    });
  });
});

describe('tierCallers', () => {
  const single = { threads: 1, batch: 1 };
  const batch = { threads: 1, batch: 4 };

  it('calls a tier in the settings that it has', async () => {
    const tier = { name: 'tf8 wasm', kernels: changed(() => {}), isSlow: false };
    const callers = tierCallers(tier, MODEL, IMAGES, [single, batch, { threads: 2, batch: 1 }]);
    assert.deepEqual(
      callers.map(({ owner, setting }) => [owner, setting]),
      [
        ['tf8 wasm', single],
        ['tf8 wasm', batch],
      ],
    );
    const turn = await callers[1].round(0);
    assert.deepEqual([turn.images, turn.latenciesMs.length], [4, 1]);
  });

  it('refuses a tier whose batches differ from its single images', () => {
    // The whole network, images apart; a batch ends with a byte of its own.
    const kernels: Kernels = {
      ...changed(() => {}),
      compile: (program) => ({
        threads: 1,
        run(_images, count, results) {
          const output = results.at(-1)!;
          output.fill(0);
          if (count > 1) output[output.length - 1] = 1;
        },
        profile: () => new Float64Array(program.calls.length),
        close() {},
      }),
    };
    const tier = { name: 'tf8 wasm', kernels, isSlow: false };
    assert.throws(() => tierCallers(tier, MODEL, IMAGES, [single, batch]), {
      name: 'UserError',
      message: 'tf8 wasm differs on 1 threads, image 3 of 4: nothing is timed',
    });
  });
});

describe('profileLayers', () => {
  it('tells the time of every node beside the peak', () => {
    const kernels = { ...changed(() => {}), measurePeak: () => 90e9 };
    const tier = { name: 'tf8 wasm', kernels, isSlow: false };
    const profile = profileLayers(tier, MODEL, IMAGES.subarray(0, SIZE))!;
    assert.equal(profile.peakGmacPerSecond, 90);
    assert.deepEqual(
      profile.layers.map(({ layer, op }) => [layer, op]),
      MODEL.nodes.map(({ name, op }) => [name, op]),
    );
  });

  it('has nothing to tell of kernels without a peak', () => {
    const tier = { name: 'tf8 reference', kernels: REFERENCE_KERNELS, isSlow: true };
    assert.equal(profileLayers(tier, MODEL, IMAGES.subarray(0, SIZE)), undefined);
  });
});
