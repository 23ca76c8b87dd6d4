import yargs, { type CommandModule } from 'yargs';
import type { UserError } from '../foundation/errors.ts';
import { missingPackage } from '../foundation/optional_package.ts';
import { visibleMessage } from '../foundation/reporting/visible_text.ts';
import { packageVersion } from '../foundation/repository.ts';
import { isUserError } from '../workflows/user_error.ts';
import { analyzeCommand } from './commands/analyze.ts';
import { classifyCommand } from './commands/classify.ts';
import { describeCommand } from './commands/describe.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { pullCommand } from './commands/pull.ts';
import { quantizeCommand } from './commands/quantize.ts';
import { rearchitectCommand } from './commands/rearchitect.ts';
import { reportCommand } from './commands/report.ts';
import { reproduceCommand } from './commands/reproduce.ts';
import { setupCommand } from './commands/setup.ts';
import { trainCommand } from './commands/train.ts';
import { verifyCommand } from './commands/verify.ts';
import { asTold, stackOf } from './faults.ts';
import { withPositionals } from './positionals.ts';
import { inFlags } from './wording.ts';

const HELP_WIDTH = 100;

const COMMANDS = [
  reproduceCommand,
  pullCommand,
  describeCommand,
  trainCommand,
  rearchitectCommand,
  quantizeCommand,
  exportCommand,
  verifyCommand,
  evaluateCommand,
  analyzeCommand,
  classifyCommand,
  reportCommand,
  doctorCommand,
  setupCommand,
];

/** yargs' complaints in this command's words. `%s` stands for what yargs fills in. */
const COMPLAINTS = {
  'Unknown command: %s': either('Unknown command or argument: %s'),
  'Did you mean %s?': 'Unknown command. Did you mean "%s"?',
  'Not enough arguments following: %s': 'Expected a value after --%s',
  'Invalid values:': 'Unexpected value',
  'Argument: %s, Given: %s, Choices: %s': 'for --%s: received %s, expected one of %s',
  'Missing required argument: %s': either('Missing required option: --%s'),
  'Not enough non-option arguments: got %s, need at least %s': either(
    'Missing argument: received %s, expected at least %s',
  ),
};

/** yargs chooses between one and several. */
function either(text: string): { one: string; other: string } {
  return { one: text, other: text };
}

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
  const names = commands.map(({ command }) => String(command).split(' ', 1)[0]);
  const program = yargs(withPositionals(argv))
    .scriptName('tf8')
    .version(packageVersion())
    .usage(
      '$0 <command>\n\nQuantization-friendly MobileNets: build, retrain, quantize to 8-bit fixed point, run, measure.',
    )
    .command(commands)
    .epilogue(
      'A MODEL is a TF8 file, the name of a public checkpoint (mobilenet_v1_1.0_224), a model folder, or a float model of another program: a tfjs model.json, a SavedModel folder, a frozen graph (.pb), or a TensorFlow checkpoint.\n"tf8 <command> --help" explains the options of a command.',
    )
    .demandCommand(1, 'Missing command')
    .recommendCommands()
    .strictCommands()
    .strict()
    .parserConfiguration({ 'duplicate-arguments-array': false })
    // The types know of plain strings only.
    .updateStrings(COMPLAINTS as unknown as Record<string, string>)
    .wrap(HELP_WIDTH)
    .fail((complaint, error) => {
      // A complaint is about the arguments; without one, a command has failed.
      throw complaint
        ? new UsageError(
            complaint,
            names.find((name) => name === argv[0]),
          )
        : error;
    })
    .exitProcess(false);
  try {
    await program.parseAsync();
  } catch (error) {
    tellFailure(error);
    return 1;
  }
  return status;
}

/** Prints an error of the command, or one that arose beside it. */
export function tellFailure(error: unknown): void {
  process.stderr.write(`${inFlags(describeFailure(missingPackage(error) ?? error))}\n`);
}

/** The arguments do not fit the command; `help` explains those that do. */
class UsageError extends Error {
  readonly help: string;

  constructor(complaint: string, command: string | undefined) {
    super(complaint.replace(/\n\s*/g, ' '));
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
