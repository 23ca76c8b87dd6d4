import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const TF8 = fileURLToPath(new URL('../../scripts/tf8.mjs', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the `tf8` command in a process of its own, as a user does.
 * @param options.node options of Node
 * @param onStderr called with the process whenever it has written to standard error
 */
export function runTf8(
  args: readonly string[],
  options: {
    readonly node?: readonly string[];
    /** Words that begin the command line, such as those that enter another network. */
    readonly within?: readonly string[];
    readonly onStart?: (child: ChildProcess) => void;
    readonly onStderr?: (child: ChildProcess, text: string) => void;
  } = {},
): Promise<Ended> {
  const { node = [], within = [], onStart, onStderr } = options;
  const [command, ...words] = [...within, process.execPath, ...node, TF8, ...args];
  const child = spawn(command, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: undefined },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
    onStderr?.(child, stderr);
  });
  onStart?.(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** Runs the command in this process: ten times as fast, where nothing depends on the process. */
export async function runMain(args: readonly string[]): Promise<Ended> {
  const streams = { stdout: process.stdout, stderr: process.stderr };
  const written = { stdout: '', stderr: '' };
  const restore = Object.entries(streams).map(([name, stream]) => {
    const { write } = stream;
    stream.write = (text: string | Uint8Array) => {
      written[name as keyof typeof written] += text;
      return true;
    };
    return () => {
      stream.write = write;
    };
  });
  try {
    // Not at the top: mocha loads tests by require(), and classes of modules loaded so are not those of
    // the modules that the command imports itself.
    const { main } = await import('../../scripts/main.ts');
    const status = await main(args);
    return { status, ...written };
  } finally {
    for (const undo of restore) undo();
  }
}
