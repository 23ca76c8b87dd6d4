import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FRIENDLY } from '../../../architectures/variants.ts';
import { createTrainStep } from '../../../training/step/create_train_step.ts';
import { needsTensorFlow } from '../../support/needs_tensorflow.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { withoutTfjsNode } from '../../support/without_tfjs_node.ts';
import { assertClose } from '../compile/support.ts';
import { tinyModel } from '../support.ts';
import { FIXED_RECIPE, type FixedSteps, fixedSteps } from './fixed_steps.ts';

/** What a process without tfjs-node says: see `step_without_tfjs_node.ts`. */
interface Answer extends FixedSteps {
  readonly kind: string;
  readonly backend: string;
  readonly messages: readonly string[];
}

describe('createTrainStep', () => {
  async function create(eager?: boolean) {
    const reporter = recordingReporter();
    const model = tinyModel(FIXED_RECIPE, FRIENDLY);
    const options = { regularizeDepthwise: true, reporter, ...(eager !== undefined && { eager }) };
    return { step: await createTrainStep(model, FIXED_RECIPE, options), model, reporter };
  }

  it('compiles where tfjs-node loads, unless an eager step is asked for', async function () {
    await needsTensorFlow.call(this);
    for (const [eager, kind] of [
      [undefined, 'compiled'],
      [false, 'compiled'],
      [true, 'eager'],
    ] as const) {
      const { step, model, reporter } = await create(eager);
      assert.equal(step.kind, kind);
      assert.deepEqual(reporter.messages, []);
      step.dispose();
      model.dispose();
    }
  });

  describe('without tfjs-node', () => {
    let answer: Answer;

    before(async () => {
      const script = new URL('./step_without_tfjs_node.ts', import.meta.url).pathname;
      const { stdout } = await promisify(execFile)(process.execPath, [
        ...withoutTfjsNode(),
        script,
      ]);
      answer = JSON.parse(stdout);
    });

    it('steps eagerly on TensorFlow.js’ own backend, and says that it is slow and what to do', () => {
      assert.equal(answer.kind, 'eager');
      assert.equal(answer.backend, 'cpu');
      assert.equal(answer.messages.length, 1);
      assert.match(
        answer.messages[0],
        /^Training is slow here.*tfjs-node does not load.*Run "npm run setup"/,
      );
    });

    it('takes the steps that libtensorflow takes, within 1e-4', async function () {
      await needsTensorFlow.call(this);
      const { step, model } = await create(true);
      const expected = fixedSteps(step);
      model.dispose();
      assertClose(answer.losses, expected.losses, 1e-4, 'the losses');
      assert.deepEqual(answer.correct, expected.correct);
      for (const [name, values] of Object.entries(expected.weights)) {
        assertClose(answer.weights[name], values, 1e-4, name);
      }
    });
  });
});
