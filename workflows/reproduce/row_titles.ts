import type { VariantNetworkName } from '../../architectures/registry.ts';
import { AS_PUBLISHED, BEST, type Recipe as Quantization } from '../../quantize/convert/recipe.ts';
import type { AccuracyRow } from '../records/accuracy_row.ts';
import { PAPER } from './paper_table.ts';
import type { Preset, TableNetworkName } from './preset.ts';

/** The network of the paper, which has figures of no other one. */
export const PAPERS_NETWORK = 'mobilenet_v1';

const TITLES: Readonly<Record<TableNetworkName, string>> = {
  'inception-v3': 'InceptionV3 (control)',
  standard: 'standard',
  'no-depthwise-bn': 'no-depthwise-bn',
  relu: 'relu',
  friendly: 'friendly',
  'friendly-rearchitected': 'friendly by re-architecture',
};

export const OPTION_1_TITLE = 'standard, Option 1';
const BEST_TITLE = `standard, ${withoutTrainingTitle(BEST)}`;

export function withoutTrainingTitle({ name }: Quantization): string {
  return name === BEST.name ? 'best without training' : `recipe ${name}`;
}

/** Rows that the preset has not, by their titles. */
export function leftOut({ networks }: Preset): readonly string[] {
  return Object.entries(TITLES).flatMap(([name, title]) => {
    if (name in networks) return [];
    return name === 'standard' ? [title, OPTION_1_TITLE, BEST_TITLE] : [title];
  });
}

const PAPER_ROWS: Readonly<Record<TableNetworkName, NonNullable<AccuracyRow['paper']>>> = {
  'inception-v3': PAPER.inceptionV3,
  standard: PAPER.published,
  'no-depthwise-bn': PAPER.noDepthwiseBn,
  relu: PAPER.relu,
  friendly: PAPER.friendly,
  'friendly-rearchitected': PAPER.friendly,
};

export function plainRow(name: TableNetworkName, family: VariantNetworkName) {
  const isPapers = family === PAPERS_NETWORK || name === 'inception-v3';
  return {
    row: name,
    network: TITLES[name],
    ...(isPapers && { paper: PAPER_ROWS[name] }),
    data: 'table',
    quantization: AS_PUBLISHED,
  } as const;
}
