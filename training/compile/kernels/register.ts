import * as tf from '@tensorflow/tfjs';
import { RECORDING, RecordingBackend } from '../recording_backend.ts';
import { ARRANGEMENT } from './arrangement.ts';
import { CONVOLUTIONS } from './convolution.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { recordingKernel } from './kernel.ts';
import { REDUCTIONS } from './reductions.ts';

/** Kernels of TensorFlow.js that can be compiled. */
const KERNELS = { ...ARRANGEMENT, ...CONVOLUTIONS, ...ELEMENTWISE, ...REDUCTIONS };

/** The recording backend; the first call registers it and its kernels with TensorFlow.js. */
export function recordingBackend(): RecordingBackend {
  // By its name: a second copy of this module, as loaders make them, records with the first one's.
  const known = tf.findBackend(RECORDING) as RecordingBackend | null;
  if (known !== null) return known;
  for (const [name, record] of Object.entries(KERNELS)) {
    tf.registerKernel(recordingKernel(name, record));
  }
  tf.registerBackend(RECORDING, () => new RecordingBackend(), 0);
  return tf.findBackend(RECORDING) as RecordingBackend;
}
