import { selectBackend } from '../../training/backend.ts';

/** Skips a test, or in a `before` the tests of its suite, saying why, without libtensorflow. */
export async function needsTensorFlow(this: Mocha.Context): Promise<void> {
  const { name, notes } = await selectBackend();
  if (name === 'tensorflow') return;
  const test = this.test!;
  const skipped = test.type === 'hook' ? test.parent! : test;
  skipped.title += ` (skipped: ${notes.join('; ')})`;
  this.skip();
}
