import { selectBackend } from '../../training/backend.ts';
import { skip } from './skip.ts';

/** Skips a test, or in a `before` the tests of its suite, saying why, without libtensorflow. */
export async function needsTensorFlow(this: Mocha.Context): Promise<void> {
  const { name, notes } = await selectBackend();
  if (name === 'tensorflow') return;
  skip(this, notes.join('; '));
}
