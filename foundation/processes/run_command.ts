import { spawn } from 'node:child_process';

export interface CommandResult {
  /** 127 where the program does not exist. */
  readonly exitCode: number;
  /** Standard output and standard error, in the order they came. */
  readonly output: string;
}

/** Runs a program without standard input and keeps what it says. Rejects when aborted. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<CommandResult> {
  const { cwd, env, signal, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd && { cwd }),
      ...(env && { env }),
      ...(signal && { signal }),
      ...(timeoutMs && { timeout: timeoutMs }),
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => {
      if (signal?.aborted) reject(signal.reason);
      else resolve({ exitCode: 127, output: error.message });
    });
    child.on('close', (code, killedBy) => {
      if (signal?.aborted) reject(signal.reason);
      else if (killedBy) resolve({ exitCode: 1, output: `${output}\nended by ${killedBy}` });
      else resolve({ exitCode: code ?? 1, output });
    });
  });
}

/** How npm is started: the npm that runs us (not npx, yarn or pnpm), else the one on the PATH. */
export function npmCommand(args: readonly string[]): [string, string[]] {
  const npm = process.env.npm_execpath;
  return npm && /npm-cli\.c?js$/.test(npm)
    ? [process.execPath, [npm, ...args]]
    : ['npm', [...args]];
}
