import { type NetworkCost, networkCost } from '../../architectures/layer_costs.ts';
import { convLayers } from '../../architectures/mobilenet_v1.ts';
import { VARIANTS, variantNamed } from '../../architectures/variants.ts';
import { defineCommand } from '../command.ts';
import { positiveNumbers, WIDTH_MULTIPLIER, wholeNumbers } from '../options.ts';
import { markdownTable } from '../records/markdown_table.ts';

export const describeCommand = defineCommand({
  command: 'describe',
  describe: 'Layers of a MobileNetV1 with shapes, multiply-accumulates and parameters',
  options: (yargs) =>
    yargs
      .option('variant', {
        choices: VARIANTS.map(({ name }) => name),
        default: 'standard' as const,
        requiresArg: true,
        describe: 'Core layer',
      })
      .option('width-multiplier', WIDTH_MULTIPLIER)
      .option('resolution', {
        type: 'number',
        default: 224,
        requiresArg: true,
        describe: 'Height and width of the input in pixels',
      })
      .option('classes', {
        type: 'number',
        default: 1001,
        requiresArg: true,
        describe: 'Outputs of the network',
      })
      .check(positiveNumbers(['width-multiplier']))
      .check(wholeNumbers({ resolution: 32, classes: 2 })),
  examples: [
    ['describe', 'the published network: 569 M MACs, 4.24 M parameters'],
    ['describe --variant friendly --width-multiplier 0.5 --resolution 128', 'a smaller one'],
  ],
  run: async ({ variant, widthMultiplier, resolution, classes }) => {
    const config = { variant: variantNamed(variant), widthMultiplier, resolution, classes };
    return {
      network: 'mobilenet_v1',
      variant,
      widthMultiplier,
      resolution,
      classes,
      ...networkCost(convLayers(config)),
    };
  },
  show: ({ variant, widthMultiplier, resolution, classes, ...cost }) =>
    [
      `MobileNetV1 ${variant}, width ${widthMultiplier}, ${resolution} × ${resolution}, ${classes} outputs`,
      '',
      layerTable(cost),
      '',
      `multiply-accumulates  ${millions(cost.macs)}`,
      `parameters            ${millions(cost.publishedParameters)} as published (weights, biases, β, mean, variance)`,
      `                      ${millions(cost.trainableParameters)} trainable (weights, biases, γ, β)`,
      `                      ${millions(cost.storedParameters)} stored`,
    ].join('\n'),
});

function layerTable({ layers }: NetworkCost): string {
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
