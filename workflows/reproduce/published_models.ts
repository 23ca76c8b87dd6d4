import type { VariantNetworkName } from '../../architectures/registry.ts';
import { UserError } from '../../foundation/errors.ts';
import { option } from '../wording.ts';

/** MODELs that stand for published networks, by their network. */
export type PublishedModels = ReadonlyMap<VariantNetworkName, string>;

/**
 * Reads "MODEL", of a table's only network, and "NETWORK=MODEL".
 * @param families networks of the table
 * @throws UserError where a MODEL could stand for several of them, or two for one
 */
export function publishedModels(
  asked: readonly string[],
  families: readonly VariantNetworkName[],
): PublishedModels {
  const models = new Map<VariantNetworkName, string>();
  for (const one of asked) {
    const { network = families[0], model } = splitPublished(one, families);
    if (model === one && families.length > 1) {
      throw new UserError(
        `Expected one network for ${option('published')} to stand for but the table has ${families.join(', ')}`,
        {
          remedy: `Pass ${option('published', `${families[0]}=${model}`)}, or ${option('network')} with one of them.`,
        },
      );
    }
    if (models.has(network)) {
      throw new UserError(
        `Expected one MODEL for ${network} as ${option('published')} but received ${models.get(network)} and ${model}`,
      );
    }
    models.set(network, model);
  }
  return models;
}

/** The MODEL of "MODEL" or "NETWORK=MODEL"; a path may hold an equals sign. */
export function splitPublished<Name extends string>(
  asked: string,
  networks: readonly Name[],
): { readonly network?: Name; readonly model: string } {
  const network = networks.find((name) => asked.startsWith(`${name}=`));
  return network === undefined
    ? { model: asked }
    : { network, model: asked.slice(network.length + 1) };
}
