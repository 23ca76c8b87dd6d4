import { networkTitle } from '../../architectures/registry.ts';
import { STANDARD } from '../../architectures/variants.ts';
import { kindsOf, type LeftOut } from '../../quantize/convert/left_out.ts';
import type { DescribedModel } from '../../workflows/describe/describe_model.ts';
import {
  type DescribedNetwork,
  describeNetwork,
} from '../../workflows/describe/describe_network.ts';
import { parseBudget } from '../../workflows/describe/parse_budget.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { defineCommand } from '../command.ts';
import { joinedText } from '../list_options.ts';
import {
  MODEL,
  NETWORK,
  OUTPUTS,
  onlyWithSqueezeExcite,
  onlyWithVariants,
  positiveNumbers,
  SQUEEZE_EXCITE,
  VARIANT,
  WIDTH_MULTIPLIER,
  wholeNumbers,
} from '../options.ts';
import { showBudget } from '../show/budget.ts';
import { showMemory } from '../show/memory.ts';

export const describeCommand = defineCommand({
  command: 'describe [model]',
  describe:
    'What a model file is, or a network: layers with shapes, multiply-accumulates, parameters',
  options: (yargs) =>
    yargs
      .positional('model', {
        type: 'string',
        describe: `${MODEL}; a network by the options below unless given`,
      })
      .option('network', NETWORK)
      .option('variant', { ...VARIANT, defaultDescription: STANDARD.name })
      .option('squeeze-excite', SQUEEZE_EXCITE)
      .option('width-multiplier', WIDTH_MULTIPLIER)
      .option('resolution', {
        type: 'number',
        requiresArg: true,
        describe: 'Height and width of the input in pixels',
        defaultDescription: "the published network's",
      })
      .option('outputs', OUTPUTS)
      .option('classes', {
        type: 'number',
        default: 1001,
        requiresArg: true,
        describe: 'Outputs of the network',
      })
      .option('budget', {
        ...joinedText(',', parseBudget),
        describe:
          'Memory of a chip, such as ram=256K,flash=1M: which layers of a TF8 file do not fit; status 1 then',
      })
      .check(({ model, budget }) => {
        if (budget === undefined || model !== undefined) return true;
        throw new Error('Expected a TF8 file with --budget but received none');
      })
      .check(({ model, variant, squeezeExcite, resolution }) => {
        const given = variant ?? squeezeExcite ?? resolution;
        if (model === undefined || given === undefined) return true;
        throw new Error(
          `Expected no --variant, no --squeeze-excite and no --resolution with ${model}, which has its own, but received ${given}`,
        );
      })
      .check(onlyWithVariants(['variant']))
      .check(onlyWithSqueezeExcite)
      .check(positiveNumbers(['width-multiplier']))
      .check(wholeNumbers({ resolution: 32, classes: 2 })),
  examples: [
    ['describe', 'the published network: 569 M MACs, 4.24 M parameters'],
    ['describe --variant friendly --width-multiplier 0.5 --resolution 128', 'a smaller one'],
    ['describe --network inception_v3', "the paper's control"],
    ['describe --network mobilenet_v2 --classes 1000', 'another family of networks'],
    [
      'describe --network mobilenet_v3_large --variant friendly --squeeze-excite off',
      'and its core',
    ],
    ['describe model.json', 'what a file of another program is'],
    ['describe m.tf8 --budget ram=256K,flash=1M', 'whether it fits a chip'],
  ],
  inputs: ({ model }) => ({ model }),
  run: async (argv, context): Promise<DescribedNetwork | DescribedModel> => {
    if (argv.model === undefined) return describeNetwork(argv);
    const { describeModel } = await import('../../workflows/describe/describe_model.ts');
    return describeModel(argv.model, context, argv);
  },
  show: (result) => ('model' in result ? showModel(result) : showNetwork(result)),
  status: (result) => ('budget' in result && result.budget?.fits === false ? 1 : 0),
});

function showNetwork(planned: DescribedNetwork): string {
  const { network, variant, squeezeExcite, widthMultiplier, resolution, classes, ...cost } =
    planned;
  return [
    `${networkTitle(network, variant, squeezeExcite)}, width ${widthMultiplier}, ${resolution} × ${resolution}, ${classes} outputs`,
    '',
    layerTable(cost),
    '',
    `multiply-accumulates  ${millions(cost.macs)}`,
    `parameters            ${millions(cost.publishedParameters)} as published (weights, biases, β, mean, variance)`,
    `                      ${millions(cost.trainableParameters)} trainable (weights, biases, β, γ where there is one)`,
    `                      ${millions(cost.storedParameters)} stored`,
  ].join('\n');
}

function showModel(result: DescribedModel): string {
  const { model, format, network, variant, squeezeExcite, widthMultiplier, input, classes } =
    result;
  const { labelOffset, dataset, foldedBatchNorms, macs, integerMacs, layers } = result;
  const { outputs, leftOut = [], memory, budget } = result;
  const title =
    network === undefined
      ? ''
      : `, ${networkTitle(network, variant, squeezeExcite)} of width ${widthMultiplier}`;
  const background = labelOffset === 1 ? ' and a background class' : '';
  return [
    `${model}: ${format}${title}`,
    `input ${input.join(' × ')}${classes === 0 ? '' : `, ${classes} classes${background}`}${dataset === undefined ? '' : ` of ${dataset}`}`,
    ...(outputs.length > 1 || classes === 0
      ? [`outputs ${outputs.map(({ name, shape }) => `${name} ${shape.join(' × ')}`).join(', ')}`]
      : []),
    ...(foldedBatchNorms > 0
      ? [`the batch norms of ${foldedBatchNorms} layers are folded into their weights`]
      : []),
    '',
    markdownTable(
      ['layer', 'operation', 'output', 'MACs', 'weights'],
      layers.map((layer) => [
        layer.name,
        layer.op,
        layer.outputShape.join(' × '),
        layer.macs.toLocaleString('en'),
        layer.weights.toLocaleString('en'),
      ]),
      3,
    ),
    '',
    `multiply-accumulates  ${millions(macs)}`,
    ...(leftOut.length === 0
      ? []
      : [`           in integers  ${millions(integerMacs)}`, '', ...showLeftOut(leftOut)]),
    ...(memory === undefined ? [] : showMemory(memory)),
    ...(budget === undefined ? [] : ['', ...showBudget(budget)]),
  ].join('\n');
}

/** Operations of the float graph one by one, others by their kinds. */
function showLeftOut(leftOut: readonly LeftOut[]): string[] {
  const held = leftOut.flatMap(({ name, op, macsShare }) =>
    macsShare === undefined ? [] : [[name, op, (100 * macsShare).toFixed(1)]],
  );
  const unread = leftOut.filter(({ macsShare }) => macsShare === undefined);
  return [
    ...(held.length === 0 ? [] : [markdownTable(['left out', 'operation', 'MACs %'], held, 2)]),
    ...(unread.length === 0 ? [] : [`left out, no network of TF8 has it: ${kindsOf(unread)}`]),
  ];
}

function layerTable({ layers }: Pick<DescribedNetwork, 'layers'>): string {
  return markdownTable(
    ['layer', 'output', 'MACs', 'weights', 'batch norm'],
    layers.map((layer) => [
      layer.name,
      layer.outputShape.join(' × '),
      layer.macs.toLocaleString('en'),
      layer.weights.toLocaleString('en'),
      layer.batchNormChannels === 0 ? '–' : String(layer.batchNormChannels),
    ]),
    2,
  );
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(count >= 1e8 ? 0 : 2)} M`;
}
