import { costOfNetwork, type NetworkCost } from '../../architectures/layer_costs.ts';
import type { NetworkConfig, NetworkName } from '../../architectures/network.ts';
import {
  STANDARD,
  VARIANTS,
  type VariantName,
  variantNamed,
} from '../../architectures/variants.ts';
import { defineCommand } from '../command.ts';
import {
  NETWORK,
  onlyMobileNets,
  positiveNumbers,
  WIDTH_MULTIPLIER,
  wholeNumbers,
} from '../options.ts';
import { markdownTable } from '../records/markdown_table.ts';

/** Of the published networks. */
const RESOLUTIONS: Readonly<Record<NetworkName, number>> = { mobilenet_v1: 224, inception_v3: 299 };

interface DescribeOptions {
  readonly network: NetworkName;
  readonly variant: VariantName | undefined;
  readonly widthMultiplier: number;
  readonly resolution: number | undefined;
  readonly classes: number;
}

export const describeCommand = defineCommand({
  command: 'describe',
  describe: 'Layers of a network with shapes, multiply-accumulates and parameters',
  options: (yargs) =>
    yargs
      .option('network', NETWORK)
      .option('variant', {
        choices: VARIANTS.map(({ name }) => name),
        requiresArg: true,
        describe: 'Core layer of mobilenet_v1',
        defaultDescription: STANDARD.name,
      })
      .option('width-multiplier', WIDTH_MULTIPLIER)
      .option('resolution', {
        type: 'number',
        requiresArg: true,
        describe: 'Height and width of the input in pixels',
        defaultDescription: Object.values(RESOLUTIONS).join(' or '),
      })
      .option('classes', {
        type: 'number',
        default: 1001,
        requiresArg: true,
        describe: 'Outputs of the network',
      })
      .check(onlyMobileNets(['variant']))
      .check(positiveNumbers(['width-multiplier']))
      .check(wholeNumbers({ resolution: 32, classes: 2 })),
  examples: [
    ['describe', 'the published network: 569 M MACs, 4.24 M parameters'],
    ['describe --variant friendly --width-multiplier 0.5 --resolution 128', 'a smaller one'],
    ['describe --network inception_v3', "the paper's control"],
  ],
  run: async (argv) => {
    const config = configOf(argv);
    const { network, resolution, classes } = config;
    const { widthMultiplier } = argv;
    return {
      network,
      ...(config.network === 'mobilenet_v1' && { variant: config.variant.name }),
      widthMultiplier,
      resolution,
      classes,
      ...costOfNetwork(config),
    };
  },
  show: ({ variant, widthMultiplier, resolution, classes, ...cost }) =>
    [
      `${variant === undefined ? 'InceptionV3' : `MobileNetV1 ${variant}`}, width ${widthMultiplier}, ${resolution} × ${resolution}, ${classes} outputs`,
      '',
      layerTable(cost),
      '',
      `multiply-accumulates  ${millions(cost.macs)}`,
      `parameters            ${millions(cost.publishedParameters)} as published (weights, biases, β, mean, variance)`,
      `                      ${millions(cost.trainableParameters)} trainable (weights, biases, β, γ where there is one)`,
      `                      ${millions(cost.storedParameters)} stored`,
    ].join('\n'),
});

function configOf(options: DescribeOptions): NetworkConfig {
  const { network, variant = STANDARD.name, widthMultiplier, classes } = options;
  const { resolution = RESOLUTIONS[network] } = options;
  const shared = { widthMultiplier, resolution, classes };
  return network === 'mobilenet_v1'
    ? { network, variant: variantNamed(variant), ...shared }
    : { network, ...shared };
}

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
