import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeState,
  readTrainingCheckpoint,
} from '../../../checkpoints/training_checkpoint/training_checkpoint.ts';
import { UserError } from '../../../foundation/errors.ts';
import { inFolder } from '../../support/in_folder.ts';
import { vector, writeFileOf } from './support.ts';

const TENSORS = new Map([['a', vector(1, 2)]]);
const KEY = 'tf8_training_checkpoint';

describe('readTrainingCheckpoint', () => {
  it('brings back tensors, step and state', () =>
    inFolder(async (folder) => {
      const state = { random: [1, 4294967295], best: { accuracy: 87.5 }, note: 'ünï\ud800"\\' };
      await writeFileOf(join(folder, 'a'), TENSORS, encodeState(12, state));
      assert.deepEqual(await readTrainingCheckpoint(join(folder, 'a'), 12), {
        step: 12,
        tensors: TENSORS,
        state,
      });
    }));

  const cases: [string, ReadonlyMap<string, string>, RegExp][] = [
    ['a file without state', new Map(), /Expected a checkpoint of training at .* another file/],
    ['a state that is no JSON', new Map([[KEY, '{']]), /Expected JSON as the state in/],
    ['a later version', new Map([[KEY, '{"version":2,"step":1,"state":{}}']]), /but: version: /],
    ['a file without step', new Map([[KEY, '{"version":1,"state":{}}']]), /but: step: /],
    ['the checkpoint of another step', encodeState(2, {}), /of step 1 at .* that of step 2$/],
  ];
  for (const [what, metadata, message] of cases) {
    it(`refuses ${what}`, () =>
      inFolder(async (folder) => {
        const path = join(folder, 'a');
        await writeFileOf(path, TENSORS, metadata);
        await assert.rejects(readTrainingCheckpoint(path, 1), { name: 'UserError', message });
      }));
  }

  it('refuses a file whose hash is lost, all else being right', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a');
      await writeFileOf(path, TENSORS, encodeState(1, {}));
      const bytes = await readFile(path);
      await writeFile(
        path,
        Buffer.from(bytes.toString('latin1').replace('tf8_', 'tf9_'), 'latin1'),
      );
      await assert.rejects(readTrainingCheckpoint(path, 1), UserError);
    }));
});

describe('encodeState', () => {
  it('refuses a step that is no count', () => {
    for (const step of [-1, 0.5, Number.NaN, 2 ** 53]) {
      assert.throws(() => encodeState(step, {}), {
        name: 'InvalidValueError',
        message: /count of steps/,
      });
    }
  });

  it('refuses a number that JSON would turn into null', () => {
    assert.throws(() => encodeState(1, { best: { loss: -Infinity } }), {
      name: 'InvalidValueError',
      message: 'Expected a finite number as loss of the state but received -Infinity',
    });
  });
});
