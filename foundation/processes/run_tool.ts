import { spawn } from 'node:child_process';
import { errorCode } from '../files/file_errors.ts';

export interface ToolResult {
  /** 127 where the program does not exist, as a shell would say; null where a signal ended it. */
  readonly exitCode: number | null;
  /** Standard output and standard error, in the order they came. */
  readonly output: string;
}

export const TOOL_NOT_FOUND = 127;

/** Runs a program to its end without a terminal or standard input; rejects only when aborted. */
export function runTool(
  command: string,
  args: readonly string[],
  options: { cwd?: string; temporaryDir?: string; signal?: AbortSignal } = {},
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const { cwd, temporaryDir, signal } = options;
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd && { cwd }),
      // The tool sees its caller's environment; only its place for temporary files is ours.
      ...(temporaryDir && { env: { ...process.env, TMPDIR: temporaryDir } }),
      ...(signal && { signal }),
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on('error', (error) => {
      if (signal?.aborted) reject(signal.reason);
      else if (errorCode(error) === 'ENOENT')
        resolve({ exitCode: TOOL_NOT_FOUND, output: `${command}: not found` });
      else reject(error);
    });
    child.on('close', (exitCode) => {
      if (signal?.aborted) reject(signal.reason);
      else resolve({ exitCode, output });
    });
  });
}

/** The last lines of a tool's output that say something, in one line. */
export function lastLines(output: string, count = 3): string {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join(' | ');
}
