import { join } from 'node:path';
import type { PythonPackages } from '../../foundation/python/python_environment.ts';

/** Keras 3.15 on TensorFlow 2.21, whose files differ from those of Keras 2. */
export const KERAS_3: PythonPackages = {
  name: 'python-keras',
  title: 'Keras 3.15',
  requirements: join(import.meta.dirname, 'keras.txt'),
  versions: ['3.11', '3.12', '3.13'],
  bytes: 1.5e9,
  reuseWheel: false,
};
