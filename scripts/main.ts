import yargs, { type Argv, type CommandModule } from 'yargs';
import type { UserError } from '../foundation/errors.ts';
import { nearest } from '../foundation/nearest.ts';
import { missingPackage } from '../foundation/optional_package.ts';
import { fitLines } from '../foundation/reporting/fit_lines.ts';
import { lineWidth } from '../foundation/reporting/line_width.ts';
import { visibleMessage } from '../foundation/reporting/visible_text.ts';
import { packageVersion } from '../foundation/repository.ts';
import { isUserError } from '../workflows/user_error.ts';
import { analyzeCommand } from './commands/analyze.ts';
import { classifyCommand } from './commands/classify.ts';
import { compareCommand } from './commands/compare.ts';
import { describeCommand } from './commands/describe.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { fixCommand } from './commands/fix.ts';
import { mergeCommand } from './commands/merge.ts';
import { pullCommand } from './commands/pull.ts';
import { quantizeCommand } from './commands/quantize.ts';
import { rearchitectCommand } from './commands/rearchitect.ts';
import { recipeCommand } from './commands/recipe.ts';
import { reportCommand } from './commands/report.ts';
import { reproduceCommand } from './commands/reproduce.ts';
import { setupCommand } from './commands/setup.ts';
import { trainCommand } from './commands/train.ts';
import { verifyCommand } from './commands/verify.ts';
import { COMPLAINTS, explained } from './complaint.ts';
import { emptyArgument } from './empty_arguments.ts';
import { asTold, stackOf } from './faults.ts';
import { withPositionals } from './positionals.ts';
import { inFlags } from './wording.ts';

/** Of the help, in columns; a narrower terminal has it as narrow as itself. */
const HELP_WIDTH = 100;

/** Of the command line itself. */
const HELP = 'help [command]';
const VERSION = 'version';
const COMPLETION = 'completion';
const OWN_COMMANDS = [HELP, VERSION, COMPLETION] as const;

/** Each with what ends the process. */
export const COMMANDS = [
  reproduceCommand,
  pullCommand,
  describeCommand,
  trainCommand,
  recipeCommand,
  rearchitectCommand,
  quantizeCommand,
  exportCommand,
  verifyCommand,
  evaluateCommand,
  analyzeCommand,
  mergeCommand,
  compareCommand,
  fixCommand,
  classifyCommand,
  reportCommand,
  diffCommand,
  doctorCommand,
  setupCommand,
];

/**
 * The `tf8` command.
 * @param argv the arguments after the program's name
 * @returns the exit status: 0 done, 1 failed, 130 interrupted; errors have been printed
 */
export async function main(argv: readonly string[]): Promise<number> {
  // Node 22 warns that tfjs-node calls util.isNullOrUndefined, which no user can mend.
  process.noDeprecation = true;
  let status = 0;
  const exit = (code: number) => {
    status = code;
  };
  const commands = COMMANDS.map((command) => command(exit) as CommandModule);
  try {
    await programOf(argv, commands).parseAsync();
  } catch (error) {
    tellFailure(error);
    return 1;
  }
  return status;
}

/** @throws UsageError where the arguments ask for the help of no command, and where one is empty */
function programOf(argv: readonly string[], commands: readonly CommandModule[]): Argv {
  const lines = new Map(
    [...commands.map(({ command }) => String(command)), ...OWN_COMMANDS].map((line) => [
      line.split(' ', 1)[0],
      line,
    ]),
  );
  const empty = emptyArgument(argv);
  if (empty !== undefined) throw new UsageError(empty, lines.has(argv[0]) ? argv[0] : undefined);
  const program: Argv = yargs(asOptions(withPositionals(argv), [...lines.keys()]))
    .scriptName('tf8')
    .version(packageVersion())
    .usage(
      '$0 <command>\n\nQuantization-friendly MobileNets: build, retrain, quantize to 8-bit fixed point, run, measure.',
    )
    .command([...commands])
    .command(HELP, 'This help, or that of a command')
    .command(VERSION, 'The version number')
    .completion(COMPLETION, 'A script that completes words in a shell: tf8 completion >> ~/.bashrc')
    .epilogue(
      'A MODEL is a TF8 file, the name of a public checkpoint (mobilenet_v1_1.0_224), a model folder or a zip of one, or a float model of another program: a tfjs model.json, a SavedModel folder, a frozen graph (.pb), a TensorFlow checkpoint, or a file of TensorFlow Lite (.tflite), Keras (.h5, .keras) or ONNX (.onnx).\n"tf8 <command> --help" explains the options of a command.',
    )
    .demandCommand(1, 'Missing command')
    .recommendCommands()
    .strictCommands()
    .strict()
    // The types know of plain strings only.
    .updateStrings(COMPLAINTS as unknown as Record<string, string>)
    .wrap(Math.min(lineWidth(process.stdout) ?? HELP_WIDTH, HELP_WIDTH))
    .fail((complaint, error) => {
      // A complaint is about the arguments; without one, a command has failed.
      if (!complaint) throw error;
      const line = lines.get(argv[0]);
      throw new UsageError(
        explained(complaint, line, optionsOf(program), argv),
        line === undefined ? undefined : argv[0],
      );
    })
    .exitProcess(false);
  return program;
}

/** "help train" as "train --help", and "version" as "--version". */
function asOptions(argv: readonly string[], names: readonly string[]): string[] {
  const [first, command = ''] = argv;
  if (first === VERSION) return ['--version'];
  if (first !== 'help') return [...argv];
  if (command === '' || command.startsWith('-')) return ['--help'];
  if (names.includes(command)) return [command, '--help'];
  const meant = nearest(command, names);
  throw new UsageError(
    meant === undefined
      ? `Unknown command or argument: ${command}`
      : `Unknown command. Did you mean "${meant}"?`,
    undefined,
  );
}

/** Names of the options of the command that yargs is at, which its types do not give. */
function optionsOf(program: Argv): string[] {
  const { key } = (program as unknown as { getOptions(): { key: object } }).getOptions();
  return Object.keys(key);
}

/** Prints an error of the command, or one that arose beside it. */
export function tellFailure(error: unknown): void {
  const failure = inFlags(describeFailure(missingPackage(error) ?? error));
  process.stderr.write(`${fitLines(failure, lineWidth(process.stderr) ?? Infinity)}\n`);
}

/** The arguments do not fit the command; `help` explains those that do. */
class UsageError extends Error {
  readonly help: string;

  constructor(complaint: string, command: string | undefined) {
    super(complaint);
    this.help = command === undefined ? 'tf8 --help' : `tf8 ${command} --help`;
  }
}

/** An error as the command prints it: a sentence, what to do, and its stack where that is asked for. */
function describeFailure(error: unknown): string {
  return [sentenceOf(error), stackOf(error)].filter(Boolean).join('\n');
}

function sentenceOf(error: unknown): string {
  if (error instanceof UsageError) {
    return `Error: ${visibleMessage(error.message)} (see "${error.help}")`;
  }
  return withRemedy(isUserError(error) ? error : asTold(error));
}

function withRemedy({ message, remedy }: Pick<UserError, 'message' | 'remedy'>): string {
  return [`Error: ${message}`, remedy]
    .filter((text) => text !== undefined && text !== '')
    .map((text) => visibleMessage(text!))
    .join('\n');
}
