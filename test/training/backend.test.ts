import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { requireTensorFlow, selectBackend } from '../../training/backend.ts';
import { predictFloat } from '../../training/float_predictor.ts';
import { needsTensorFlow } from '../support/needs_tensorflow.ts';
import { withoutTfjsNode } from '../support/without_tfjs_node.ts';
import { fixedImages, fixedModel } from './fixed_prediction.ts';

/** What a process without tfjs-node says: see `predict_without_tfjs_node.ts`. */
interface Answer {
  readonly backend: { readonly name: string; readonly version: string; readonly notes: string[] };
  readonly error: { readonly name: string; readonly message: string; readonly remedy: string };
  readonly writesEvents: boolean;
  readonly probabilities: number[];
}

describe('selectBackend', () => {
  it('takes libtensorflow where tfjs-node loads, and stays with it', async function () {
    await needsTensorFlow.call(this);
    const backend = await selectBackend();
    assert.equal(tf.getBackend(), 'tensorflow');
    assert.match(backend.version, /^\d+\.\d+\.\d+/);
    assert.deepEqual(backend.notes, []);
    assert.equal(await selectBackend(), backend);
    assert.equal(await requireTensorFlow('Training'), backend);
  });

  describe('without tfjs-node', () => {
    let answer: Answer;
    let stderr: string;

    before(async () => {
      const script = new URL('./predict_without_tfjs_node.ts', import.meta.url).pathname;
      const child = await promisify(execFile)(process.execPath, [...withoutTfjsNode(), script]);
      answer = JSON.parse(child.stdout);
      stderr = child.stderr;
    });

    it('takes WebAssembly and notes why', () => {
      assert.equal(answer.backend.name, 'wasm');
      assert.match(answer.backend.version, /^\d+\.\d+\.\d+/);
      assert.deepEqual(answer.backend.notes, ['tfjs-node does not load (taken away for a test)']);
    });

    it('refuses work that needs libtensorflow, with the remedy', () => {
      assert.deepEqual(answer.error, {
        name: 'UserError',
        message:
          'Training needs tfjs-node, which is not there: tfjs-node does not load (taken away for a test)',
        remedy: 'Run "npm run setup", then "npx tf8 doctor" to see what is missing.',
      });
    });

    it('has no writer of events', () => {
      assert.equal(answer.writesEvents, false);
    });

    it('predicts what libtensorflow predicts, within 1e-4', async function () {
      await needsTensorFlow.call(this);
      const model = fixedModel();
      const { images, shape } = fixedImages();
      const expected = await predictFloat(model, images, shape);
      model.dispose();
      assert.equal(answer.probabilities.length, expected.length);
      expected.forEach((value, i) => {
        assert.ok(
          Math.abs(answer.probabilities[i] - value) < 1e-4,
          `output ${i}: ${answer.probabilities[i]} instead of ${value}`,
        );
      });
      // The outputs differ between images and classes: equality says something.
      assert.ok(Math.max(...expected) > 2 * Math.min(...expected));
    });

    it('says nothing on standard error', () => {
      assert.equal(stderr, '');
    });
  });
});
