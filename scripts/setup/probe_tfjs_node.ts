import { lastLines, runCommand } from '../../foundation/processes/run_command.ts';

/** Loads tfjs-node and multiplies two matrices; prints the version of the library it came to. */
const PROGRAM = `
  const tf = require('@tensorflow/tfjs-node');
  const product = tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).arraySync());
  if (String(product) !== '3,3,3,3') throw new Error('a matrix product gave ' + product);
  console.log('libtensorflow ' + tf.backend().binding.TF_Version);
`;

/**
 * Tries tfjs-node in a process of its own, since a wrong library may end the process.
 *
 * @returns the version of libtensorflow, or why it does not work
 */
export async function probeTfjsNode(
  root: string,
  signal?: AbortSignal,
): Promise<{ version: string } | { error: string }> {
  const { exitCode, output } = await runCommand(process.execPath, ['-e', PROGRAM], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', TF_CPP_MIN_LOG_LEVEL: '2' },
    ...(signal && { signal }),
  });
  const version = /^libtensorflow (\S+)$/m.exec(output)?.[1];
  if (exitCode === 0 && version !== undefined) return { version };
  const message = /^(?:\w*Error: .*)$/m.exec(output)?.[0];
  return { error: message ?? lastLines(output) };
}
