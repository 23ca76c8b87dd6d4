import assert from 'node:assert/strict';
import { oneDnnInWords, withoutTrial } from '../../../training/one_dnn/one_dnn_choice.ts';
import {
  ONE_DNN_VARIABLE,
  setOneDnn,
  usersOneDnn,
} from '../../../training/tensorflow_environment.ts';

describe('withoutTrial', () => {
  it("takes the user's own setting, else on, and says whether the processor has AVX-512 VNNI", async () => {
    const zen3 = { features: ['AVX2'] };
    const zen4 = { features: ['AVX2', 'AVX-512 VNNI'] };
    assert.deepEqual(await withoutTrial(false, zen4), { on: false, reason: 'user' });
    assert.deepEqual(await withoutTrial(undefined, zen4), { on: true, reason: 'vnni' });
    assert.deepEqual(await withoutTrial(undefined, zen3), { on: true, reason: 'noVnni' });
  });
});

describe('oneDnnInWords', () => {
  it('says which setting holds and why, with the figures of a trial', () => {
    assert.equal(
      oneDnnInWords({ on: false, reason: 'user' }),
      'off: TF_ENABLE_ONEDNN_OPTS says so',
    );
    assert.match(oneDnnInWords({ on: true, reason: 'noVnni' }), /^on: .* no AVX-512 VNNI/);
    assert.equal(
      oneDnnInWords({ on: true, reason: 'trial', imagesPerSecond: { on: 163, off: 59 } }),
      'on: a trial trained 163 images/s with it and 59.0 without',
    );
  });
});

describe('usersOneDnn', () => {
  const before = process.env[ONE_DNN_VARIABLE];
  afterEach(() => {
    if (before === undefined) delete process.env[ONE_DNN_VARIABLE];
    else process.env[ONE_DNN_VARIABLE] = before;
  });

  it('is what the environment says, as libtensorflow reads it', () => {
    setOneDnn(false);
    for (const [value, on] of [
      ['1', true],
      ['true', true],
      ['False', false],
    ] as const) {
      process.env[ONE_DNN_VARIABLE] = value;
      assert.equal(usersOneDnn(), on, value);
    }
  });

  it('is nothing where nothing is set, or only what this process has set itself', () => {
    delete process.env[ONE_DNN_VARIABLE];
    assert.equal(usersOneDnn(), undefined);
    setOneDnn(true);
    assert.equal(usersOneDnn(), undefined);
  });
});
