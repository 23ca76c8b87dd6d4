import { spawn } from 'node:child_process';
import { errorCode } from '../files/file_errors.ts';

/** As a shell says it of a program that does not exist. */
export const NOT_FOUND = 127;
/** As a shell says it of a program that is there but cannot be started. */
const NOT_STARTED = 126;

export interface CommandResult {
  /** NOT_FOUND where the program does not exist; 1 where a signal or the time limit ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  /** Standard output and standard error, in the order they came. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** The whole environment of the program; this process' own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the program. */
  readonly signal?: AbortSignal;
  /** The program is ended after this time. */
  readonly timeoutMs?: number;
  /** Is told what the program writes to standard error, as it comes. */
  readonly onErrorOutput?: (text: string) => void;
}

/**
 * Runs a program to its end, without a terminal or standard input, and keeps what it writes. A
 * program that fails, or is not there, is a result.
 * @throws the signal's reason when aborted
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { cwd, env, signal, timeoutMs, onErrorOutput } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd && { cwd }),
      ...(env && { env }),
      ...(signal && { signal }),
      ...(timeoutMs && { timeout: timeoutMs }),
    });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onErrorOutput?.(text);
    });
    const end = (exitCode: number, complaint?: string) => {
      const parts = complaint === undefined ? [output] : [output, complaint];
      if (signal?.aborted) reject(signal.reason);
      else resolve({ exitCode, stdout, output: parts.filter((part) => part !== '').join('\n') });
    };
    child.on('error', (error) => {
      if (errorCode(error) === 'ENOENT') end(NOT_FOUND, `${command}: not found`);
      else end(NOT_STARTED, error.message);
    });
    child.on('close', (exitCode, killedBy) => {
      if (killedBy) end(1, `ended by ${killedBy}`);
      else end(exitCode ?? 1);
    });
  });
}

/** The last lines of a program's output that say something, in one line. */
export function lastLines(output: string, count = 3): string {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .slice(-count)
    .join(' | ');
}
