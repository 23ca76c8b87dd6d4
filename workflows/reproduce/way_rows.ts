import { networkNamed, type VariantNetworkName } from '../../architectures/registry.ts';
import type { Recipe } from '../../training/recipes/recipe.ts';
import { AS_PUBLISHED_WAY } from '../records/accuracy_row.ts';
import type { NetworkPlan, RowPlan } from './network_plan.ts';
import { withoutTrainingTitle } from './row_titles.ts';

/** What a table of ways calls rows of the paper's table. */
const WAYS: Readonly<Record<string, string>> = {
  published: AS_PUBLISHED_WAY,
  'published-option-1': 'Option 1',
  standard: AS_PUBLISHED_WAY,
  'option-1': 'Option 1',
  'friendly-rearchitected': 'friendly',
};

/** Rows of networks that another row has made: they are only quantized otherwise. */
const ONLY_QUANTIZED = ['option-1', 'best'];

/**
 * A row of one network as that of a table which compares ways over several networks.
 * @param trainImages images there are
 */
export function asWay(
  { paper: _, ...row }: RowPlan,
  network: VariantNetworkName,
  trainImages = Infinity,
): RowPlan {
  const { title } = networkNamed(network);
  const isBest = row.row === 'best' || row.row === 'published-best';
  const name = isBest ? withoutTrainingTitle(row.quantization) : (WAYS[row.row] ?? row.network);
  const [{ plan }] = row.networks;
  const trainingImages = ONLY_QUANTIZED.includes(row.row) ? 0 : imagesOf(plan, trainImages);
  return {
    ...row,
    row: `${network}/${row.row}`,
    network: `${title}, ${name}`,
    way: { network: title, name, ...(trainingImages !== undefined && { trainingImages }) },
  };
}

/** Images that a network learns from beyond what it starts from, as often as it sees them. */
function imagesOf(plan: NetworkPlan, trainImages: number): number | undefined {
  switch (plan.kind) {
    case 'published':
      return 0;
    case 'trained':
    case 'quantization-aware':
      return imagesSeen(plan.recipe, plan.imagesPerEpoch, trainImages);
    case 'rearchitected': {
      const { retrain, images } = plan;
      if (retrain === undefined) return Math.min(images, trainImages);
      const seen = imagesSeen(retrain.recipe, retrain.imagesPerEpoch, trainImages);
      return seen === undefined ? undefined : Math.min(images, trainImages) + seen;
    }
  }
}

/** undefined where the time decides, or how many there are is not known. */
function imagesSeen(
  { budget }: Recipe,
  imagesPerEpoch = Infinity,
  trainImages: number,
): number | undefined {
  const images = Math.min(imagesPerEpoch, trainImages);
  return 'epochs' in budget && Number.isFinite(images) ? budget.epochs * images : undefined;
}
