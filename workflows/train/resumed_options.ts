import { z } from 'zod';
import { UserError } from '../../foundation/errors.ts';
import { firstDifference } from '../../foundation/first_difference.ts';
import type { QuantizedTraining } from '../../training/quantized/quantized_network.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { type OptionName, option } from '../wording.ts';
import { FROZEN } from './quantization_aware_options.ts';

/** In the name of the network of such a run, before its rules as JSON. */
const MARK = ', quantization-aware, ';

/** What the checkpoints of a quantization-aware run call its network. */
export function networkNameOf(graph: string, rules: QuantizedTraining): string {
  return `${graph}${MARK}${JSON.stringify(rules)}`;
}

/** What they say of its start. */
export function startNameOf(weights: string, quantization: string): string {
  return `${weights} by ${quantization}`;
}

/** What a run is asked for that its checkpoints tell before anything is loaded. */
export interface AskedOptions {
  readonly rules: QuantizedTraining;
  /** Name of the recipe of quantization. */
  readonly quantization: string;
  readonly recipe: Recipe;
  readonly seed: number;
}

const begunSchema = z.looseObject({
  run: z.looseObject({
    network: z.string(),
    start: z.string(),
    recipe: z.looseObject({
      budget: z.looseObject({}),
      batchSize: z.number(),
      learningRate: z.looseObject({ initial: z.number() }),
    }),
    seed: z.number(),
  }),
});

/**
 * Sees to it that a run can go on before a model is loaded.
 * @param out folder of the run
 * @param state of its checkpoint
 * @throws UserError naming the options that are others than the run was begun with
 */
export function requireSameOptions(out: string, state: unknown, asked: AskedOptions): void {
  const parsed = begunSchema.safeParse(state);
  if (!parsed.success) return; // The training says what is wrong with it.
  const { network, start, recipe, seed } = parsed.data.run;
  const [, rules] = network.split(MARK);
  if (rules === undefined) {
    throw new UserError(
      `Expected the checkpoints of a quantization-aware training in ${out} but they are of ${network}`,
      { remedy: `Pass another ${option('out')}.` },
    );
  }
  const begun: AskedOptions = {
    rules: JSON.parse(rules) as QuantizedTraining,
    quantization: start.slice(start.lastIndexOf(' by ') + ' by '.length),
    recipe: recipe as unknown as Recipe,
    seed,
  };
  const before = namedOptions(begun);
  const differing = namedOptions(asked).flatMap(([name, value], index) => {
    const [, was] = before[index];
    return value === was ? [] : [`${name} was ${was} and is ${value}`];
  });
  const other = firstDifference(restOf(begun), restOf(asked));
  if (other !== undefined) {
    differing.push(`${other.path} of ${option('recipe')} was ${other.a} and is ${other.b}`);
  }
  if (differing.length === 0) return;
  throw new UserError(
    `Expected the options that the training in ${out} was begun with but ${differing.join(', ')}`,
    {
      remedy: `Go on with the options of the run, or train anew into another ${option('out')}.`,
    },
  );
}

/** By the options that say them. */
function namedOptions({ rules, quantization, recipe, seed }: AskedOptions) {
  const { budget, batchSize, learningRate } = recipe;
  const named = (name: OptionName, value: string | number) => [option(name), value] as const;
  const length = 'epochs' in budget ? `${budget.epochs} epochs` : `${budget.minutes} minutes`;
  return [
    named('ranges', rules.ranges),
    named('freezeAfter', rules.freezeAfter),
    named('dampening', rules.dampening),
    named('batchNorms', rules.batchNorms ?? FROZEN),
    named('quantizationRecipe', quantization),
    named('seed', seed),
    ['the length', length],
    named('batchSize', batchSize),
    named('learningRate', learningRate.initial),
  ] as const;
}

/** What a recipe has that no option says. */
function restOf({ recipe }: AskedOptions): object {
  const { budget: _, batchSize: __, learningRate, ...rest } = recipe;
  return { ...rest, learningRate: { ...learningRate, initial: 0 } };
}
