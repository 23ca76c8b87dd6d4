/** Run by `backend.test.ts` in a process of its own, from which tfjs-node has been taken away. */
import { eventWriter, requireTensorFlow, selectBackend } from '../../training/backend.ts';
import { predictFloat } from '../../training/float_predictor.ts';
import { fixedImages, fixedModel } from './fixed_prediction.ts';

const backend = await selectBackend();
const error = await requireTensorFlow('Training').catch((thrown) => thrown);
const writer = await eventWriter('never made');
const { images, shape } = fixedImages();
const probabilities = await predictFloat(fixedModel(), images, shape);
const { name, message, remedy } = error;
process.stdout.write(
  JSON.stringify({
    backend,
    error: { name, message, remedy },
    writesEvents: writer !== undefined,
    probabilities: [...probabilities],
  }),
);
