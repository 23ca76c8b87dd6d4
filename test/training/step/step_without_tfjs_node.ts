/** Run by `create_train_step.test.ts` in a process of its own, from which tfjs-node has been taken away. */
import * as tf from '@tensorflow/tfjs';
import { FRIENDLY } from '../../../architectures/variants.ts';
import { createTrainStep } from '../../../training/step/create_train_step.ts';
import { recordingReporter } from '../../support/recording_reporter.ts';
import { tinyModel } from '../support.ts';
import { FIXED_RECIPE, fixedSteps } from './fixed_steps.ts';

const reporter = recordingReporter();
const options = { regularizeDepthwise: true, reporter };
const step = await createTrainStep(tinyModel(FIXED_RECIPE, FRIENDLY), FIXED_RECIPE, options);
process.stdout.write(
  JSON.stringify({
    kind: step.kind,
    backend: tf.getBackend(),
    messages: reporter.messages,
    ...fixedSteps(step),
  }),
);
