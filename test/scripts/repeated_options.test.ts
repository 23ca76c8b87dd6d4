import assert from 'node:assert/strict';
import yargs, { type Arguments, type CommandModule } from 'yargs';
import { COMMANDS } from '../../scripts/main.ts';
import { preprocessingOf } from '../../workflows/open/preprocessing.ts';

/** What yargs knows of the options of a command; its types do not. */
interface Known {
  readonly key: Readonly<Record<string, unknown>>;
  readonly array: readonly string[];
  readonly boolean: readonly string[];
  readonly number: readonly string[];
  readonly choices: Readonly<Record<string, readonly string[]>>;
  readonly demandedOptions: Readonly<Record<string, unknown>>;
}

/** Two values of options of which not every text, or number, is one. */
const VALUES: Readonly<Record<string, readonly [string, string]>> = {
  budget: ['ram=1K', 'flash=1K'],
  'cache-limit': ['1G', '2G'],
  cluster: ['host:1', 'host:2'],
  curve: ['5', '10,20'],
  'compare calibration-images': ['5', '10,20'],
  'freeze-after': ['0.25', '0.5'],
  'input-range': ['0,1', '0,255'],
  preprocessing: ['unit', 'bgr'],
  profiles: ['double-rounding', 'power-of-two'],
  layers: ['3', 'all'],
  network: ['mobilenet_v1', 'mobilenet_v2'],
  resolution: ['64', '96'],
  'reproduce rows': ['standard', 'friendly'],
  'session-config': ['a=1', 'b=2'],
  shard: ['1/2', '2/2'],
};

/** What all options that may be repeated to add up become. */
const LISTS: Readonly<Record<string, unknown>> = {
  'compare calibration-images': [5, 10, 20],
  'compare curve': [5, 10, 20],
  'compare profiles': ['double-rounding', 'power-of-two'],
  'compare recipes': ['a', 'b'],
  'describe budget': { ram: 1024, flash: 1024 },
  'merge shards': ['x', 'a', 'b'],
  'rearchitect keep': ['a', 'b'],
  'reproduce network': ['mobilenet_v1', 'mobilenet_v2'],
  'reproduce published': ['a', 'b'],
  'reproduce rows': ['standard', 'friendly'],
  'train cluster': 'host:1,host:2',
  'verify session-config': { a: '1', b: '2' },
  // Of several commands.
  outputs: ['a', 'b'],
  preprocessing: { ...preprocessingOf('unit bgr') },
};

/** Options that exclude others. */
const ALONE = [
  'epochs',
  'minutes',
  'limit',
  'per-class',
  'seeds',
  'seed',
  'layers',
  'max-loss',
  'input-range',
  'preprocessing',
];

/** Options that come with others only. */
const WITH: Readonly<Record<string, readonly string[]>> = {
  budget: ['model'],
  'cache-limit': ['--cache', 'folder'],
  cluster: ['--rank', '0'],
  rank: ['--cluster', 'host:1'],
  'squeeze-excite': ['--network', 'mobilenet_v3_large'],
  restarts: ['--workers', '2'],
  shard: ['--out', 'file'],
  prefix: ['--format', 'c'],
  device: ['--estimate', '--workers', '2'],
  'reproduce workers': ['--estimate'],
  force: ['--gpu'],
  ...Object.fromEntries(
    [
      'quantization-recipe',
      'calibration-images',
      'softmax',
      'ranges',
      'freeze-after',
      'dampening',
      'batch-norms',
    ].map((name) => [`train ${name}`, ['model', '--quantization-aware']]),
  ),
};

const modules = COMMANDS.map((command) => command(() => undefined) as CommandModule);

async function parsed(module: CommandModule, args: readonly string[]): Promise<Arguments> {
  let parsed: Arguments | undefined;
  const handler = (argv: Arguments) => {
    parsed = argv;
  };
  await yargs([...args])
    .command({ ...module, handler })
    .strict()
    .fail((complaint, error) => {
      throw error ?? new Error(`${args.join(' ')}: ${complaint}`);
    })
    .exitProcess(false)
    .parseAsync();
  return parsed!;
}

/** Without an option that is given as it is. */
function optionsOf(module: CommandModule): Known {
  const program = yargs([]);
  (module.builder as (program: unknown) => unknown)(program);
  const known = program as unknown as {
    getOptions(): Omit<Known, 'demandedOptions'>;
    getDemandedOptions(): Known['demandedOptions'];
  };
  return { ...known.getOptions(), demandedOptions: known.getDemandedOptions() };
}

const KNOWN = new Map(modules.map((module) => [module, optionsOf(module)]));

interface Option {
  readonly name: string;
  /** "train cluster" */
  readonly own: string;
  readonly values: readonly [string, string];
  readonly isList: boolean;
  readonly isPositional: boolean;
}

function optionsIn(module: CommandModule): readonly Option[] {
  const [command, ...positionals] = String(module.command).split(' ');
  const known = KNOWN.get(module)!;
  return Object.keys(known.key).flatMap((name) => {
    if (['help', 'version'].includes(name) || known.boolean.includes(name)) return [];
    const isPositional = positionals.some((word) => word.replaceAll(/[<>[\].]/g, '') === name);
    const isList = known.array.includes(name) || positionals.includes(`<${name}..>`);
    if (isPositional && !isList) return [];
    const own = `${command} ${name}`;
    const numbers = ['40', '50'] as const;
    const values =
      VALUES[own] ??
      VALUES[name] ??
      known.choices[name] ??
      (known.number.includes(name) ? numbers : ['a', 'b']);
    return [{ name, own, values: [values[0], values[1]], isList, isPositional } as const];
  });
}

/** What a command needs besides the options `given`. */
function rest(module: CommandModule, given: readonly Option[]): string[] {
  const [command, ...positionals] = String(module.command).split(' ');
  const beside = given.flatMap(({ name, own }) => WITH[own] ?? WITH[name] ?? []);
  const { choices, demandedOptions } = KNOWN.get(module)!;
  const demanded = Object.keys(demandedOptions).filter(
    (name) =>
      !given.some((option) => option.name === name) &&
      !beside.includes(`--${name}`) &&
      !positionals.some((word) => word.includes(name)),
  );
  return [
    command,
    ...positionals.filter((word) => word.startsWith('<')).map(() => 'x'),
    ...beside,
    ...demanded.flatMap((name) => [`--${name}`, choices[name]?.[0] ?? 'made']),
  ];
}

describe('options that are given several times', () => {
  const lists: string[] = [];

  for (const module of modules) {
    const options = optionsIn(module);
    lists.push(...options.filter(({ isList }) => isList).map(({ own }) => own));
    const isAlone = ({ name, own }: Option) => name in WITH || own in WITH || ALONE.includes(name);
    const together = options.filter((option) => !isAlone(option));
    const groups = [together, ...options.filter(isAlone).map((option) => [option])];

    for (const group of groups.filter(({ length }) => length > 0)) {
      const names = group.map(({ name }) => name).join(', ');
      it(`of ${module.command} the last counts or all add up: ${names}`, async () => {
        const words = (place: 0 | 1) =>
          group.flatMap(({ name, values, isPositional }) =>
            isPositional ? [values[place]] : [`--${name}`, values[place]],
          );
        const needed = rest(module, group);
        const twice = await parsed(module, [...needed, ...words(0), ...words(1)]);
        const once = await parsed(module, [...needed, ...words(1)]);
        for (const { name, own, isList } of group) {
          const expected = isList ? (LISTS[own] ?? LISTS[name]) : once[name];
          assert.deepEqual(twice[name], expected, own);
        }
      });
    }
  }

  it('are all that take a list', () => {
    const others = lists.filter((own) => !(own.split(' ')[1] in LISTS));
    const own = Object.keys(LISTS).filter((name) => name.includes(' '));
    assert.deepEqual(others.sort(), own.sort());
  });

  it('add up after one of them, too', async () => {
    const [rearchitect, verify] = ['rearchitect', 'verify'].map(
      (name) => modules.find(({ command }) => String(command).startsWith(name))!,
    );
    const keep = await parsed(rearchitect, ['rearchitect', 'm', '--out', 'o', '--keep', 'a', 'b']);
    assert.deepEqual(keep.keep, ['a', 'b']);
    const words = ['verify', 'f', '--session-config', 'a=1', 'b=2'];
    assert.deepEqual((await parsed(verify, words)).sessionConfig, { a: '1', b: '2' });
  });
});
