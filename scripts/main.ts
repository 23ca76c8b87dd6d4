import yargs, { type Argv, type CommandModule } from 'yargs';
import { nearest } from '../foundation/nearest.ts';
import { missingPackage } from '../foundation/optional_package.ts';
import { packageVersion } from '../foundation/repository.ts';
import { analyzeCommand } from './commands/analyze.ts';
import { classifyCommand } from './commands/classify.ts';
import { describeCommand } from './commands/describe.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
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
import { inFlags } from './wording.ts';

/** Of the help, in columns; a narrower terminal has it as narrow as itself. */
const HELP_WIDTH = 100;

/** Of the command line itself. */
const HELP = 'help [command]';
const VERSION = 'version';
const COMPLETION = 'completion';
const OWN_COMMANDS = [HELP, VERSION, COMPLETION] as const;

const COMMANDS = [
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
  classifyCommand,
  reportCommand,
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
  const commands = COMMANDS.map((command) => {
    const exit = (code: number) => {
      status = code;
    };
    return command(exit) as CommandModule;
  });
  try {
    await programOf(argv, commands).parseAsync();
  } catch (error) {
    process.stderr.write(`${inFlags(describeFailure(missingPackage(error) ?? error))}\n`);
    return 1;
  }
  return status;
}

/** @throws UsageError where the arguments ask for the help of no command */
function programOf(argv: readonly string[], commands: readonly CommandModule[]): Argv {
  const lines = new Map(
    [...commands.map(({ command }) => String(command)), ...OWN_COMMANDS].map((line) => [
      line.split(' ', 1)[0],
      line,
    ]),
  );
  const program: Argv = yargs(asOptions(argv, [...lines.keys()]))
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
      'A MODEL is a TF8 file, the name of a public checkpoint (mobilenet_v1_1.0_224), a model folder, or a float model of another program: a tfjs model.json, a SavedModel folder, a frozen graph (.pb), or a TensorFlow checkpoint.\n"tf8 <command> --help" explains the options of a command.',
    )
    .demandCommand(1, 'Missing command')
    .recommendCommands()
    .strictCommands()
    .strict()
    .parserConfiguration({ 'duplicate-arguments-array': false })
    // The types know of plain strings only.
    .updateStrings(COMPLAINTS as unknown as Record<string, string>)
    .wrap(Math.min(process.stdout.columns ?? HELP_WIDTH, HELP_WIDTH))
    .fail((complaint, error) => {
      // A complaint is about the arguments; without one, a command has failed.
      if (!complaint) throw error;
      const line = lines.get(argv[0]);
      throw new UsageError(
        explained(complaint, line, optionsOf(program)),
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

/** The arguments do not fit the command; `help` explains those that do. */
class UsageError extends Error {
  readonly help: string;

  constructor(complaint: string, command: string | undefined) {
    super(complaint);
    this.help = command === undefined ? 'tf8 --help' : `tf8 ${command} --help`;
  }
}

/** Errors that the user can mend are shown as message and remedy, all others with their stack. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return `Error: ${String(error)}`;
  if (error instanceof UsageError) {
    return `Error: ${error.message} (see "${error.help}")`;
  }
  if ('remedy' in error) {
    return [`Error: ${error.message}`, error.remedy].filter(Boolean).join('\n');
  }
  // A value that no network or data set can have, such as a width of 0.
  if (error instanceof RangeError && error.message.startsWith('Expected ')) {
    return `Error: ${error.message}`;
  }
  return error.stack ?? error.message;
}
