import { selectBackend } from '../../training/backend.ts';

/** Skips a test, or in a `before` the tests of its suite, saying why, without libtensorflow. */
export async function needsTensorFlow(this: Mocha.Context): Promise<void> {
  const { name, notes } = await selectBackend();
  if (name === 'tensorflow') return;
  const running = this.test as Mocha.Test | Mocha.Hook;
  const skipped = running.type === 'hook' ? running.parent!.tests : [running];
  for (const test of skipped) test.title += ` (skipped: ${notes.join('; ')})`;
  this.skip();
}
