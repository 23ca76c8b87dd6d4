import { costOfNetwork, type NetworkCost } from '../../architectures/layer_costs.ts';
import { type NetworkName, networkNamed } from '../../architectures/registry.ts';
import { STANDARD, type VariantName, variantNamed } from '../../architectures/variants.ts';

export interface DescribeNetworkOptions {
  readonly network: NetworkName;
  /** Core layer of a network that has a choice of them, standard unless given. */
  readonly variant?: VariantName | undefined;
  /** "off" leaves squeeze-and-excite out of a network that has it. */
  readonly squeezeExcite?: 'on' | 'off' | undefined;
  readonly widthMultiplier: number;
  /** The published network's unless given. */
  readonly resolution?: number | undefined;
  readonly classes: number;
}

/** A network that is not built, with its layers and what they cost. */
export interface DescribedNetwork extends NetworkCost {
  readonly network: NetworkName;
  readonly variant?: VariantName;
  /** Of a network that has it. */
  readonly squeezeExcite?: boolean;
  readonly widthMultiplier: number;
  readonly resolution: number;
  readonly classes: number;
}

/**
 * Tells what a network would be: layers with shapes, multiply-accumulates, parameters.
 * @throws RangeError for a configuration that no network can have
 */
export function describeNetwork(options: DescribeNetworkOptions): DescribedNetwork {
  const { network, variant = STANDARD.name, widthMultiplier, classes } = options;
  const { variants, resolution: published, squeezeExcite: hasIt } = networkNamed(network);
  const { resolution = published } = options;
  const sizes = { widthMultiplier, resolution, classes };
  const hasVariant = variants.length > 0;
  const squeezeExcite = options.squeezeExcite !== 'off';
  return {
    network,
    ...(hasVariant && { variant }),
    ...(hasIt && { squeezeExcite }),
    ...sizes,
    ...costOfNetwork({ network, variant: variantNamed(variant), squeezeExcite, ...sizes }),
  };
}
