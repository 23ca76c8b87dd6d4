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
  'no-depthwise-bn-rearchitected': 'no-depthwise-bn by re-architecture',
  'relu-rearchitected': 'relu by re-architecture',
  'friendly-rearchitected': 'friendly by re-architecture',
  'quantization-aware': 'quantization-aware',
  'friendly-quantization-aware': 'friendly and quantization-aware',
};

export const OPTION_1_TITLE = 'standard, Option 1';
const BEST_TITLE = `standard, ${withoutTrainingTitle(BEST)}`;

export function withoutTrainingTitle({ name }: Quantization): string {
  return name === BEST.name ? 'best without training' : `recipe ${name}`;
}

/** Rows of the paper's table that the preset has not, by their titles. */
export function leftOut({ networks, families }: Preset): readonly string[] {
  if (families !== undefined) return [];
  return (Object.keys(PAPER_ROWS) as (keyof typeof PAPER_ROWS)[]).flatMap((name) => {
    const title = TITLES[name];
    if (name in networks) return [];
    return name === 'standard' ? [title, OPTION_1_TITLE, BEST_TITLE] : [title];
  });
}

type PaperRows = Partial<Record<TableNetworkName, NonNullable<AccuracyRow['paper']>>>;

const PAPER_ROWS = {
  'inception-v3': PAPER.inceptionV3,
  standard: PAPER.published,
  'no-depthwise-bn': PAPER.noDepthwiseBn,
  relu: PAPER.relu,
  friendly: PAPER.friendly,
  'no-depthwise-bn-rearchitected': PAPER.noDepthwiseBn,
  'relu-rearchitected': PAPER.relu,
  'friendly-rearchitected': PAPER.friendly,
} as const satisfies PaperRows;

export function plainRow(name: TableNetworkName, family: VariantNetworkName) {
  const isPapers = family === PAPERS_NETWORK || name === 'inception-v3';
  const paper = (PAPER_ROWS as PaperRows)[name];
  return {
    row: name,
    network: TITLES[name],
    ...(isPapers && paper !== undefined && { paper }),
    data: 'table',
    quantization: AS_PUBLISHED,
  } as const;
}
