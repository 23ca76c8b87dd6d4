import { npmCommand } from '../../foundation/processes/npm_command.ts';
import { runCommand } from '../../foundation/processes/run_command.ts';

/** A program that set-up or training uses. */
export interface Tool {
  readonly name: string;
  /** Undefined where the program is missing or does not run. */
  readonly version: string | undefined;
  /** What needs it. */
  readonly use: string;
}

async function versionOf(command: string, args: readonly string[]): Promise<string | undefined> {
  const { exitCode, output } = await runCommand(command, args);
  if (exitCode !== 0) return undefined;
  return /\d+(?:\.\d+)+/.exec(output)?.[0] ?? output.trim().split('\n', 1)[0];
}

/** The programs beside Node, with their versions. */
export function examineTools(): Promise<Tool[]> {
  const compiler = process.env.CXX ?? (process.platform === 'darwin' ? 'clang++' : 'g++');
  const programs: readonly (readonly [string, string, readonly string[], string])[] = [
    ['npm', ...npmCommand(['--version', '--loglevel=silent']), 'installs the packages'],
    ['python3', 'python3', ['--version'], 'runs pip and compiles tfjs-node'],
    ['pip', 'python3', ['-m', 'pip', '--version'], 'fetches what the official hosts do not give'],
    [compiler, compiler, ['--version'], 'compiles tfjs-node'],
    ['make', 'make', ['--version'], 'compiles tfjs-node'],
  ];
  return Promise.all(
    programs.map(async ([name, command, args, use]) => ({
      name,
      version: await versionOf(command, args),
      use,
    })),
  );
}
