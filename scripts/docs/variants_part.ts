import { costOfNetwork } from '../../architectures/layer_costs.ts';
import { NETWORK_NAMES, networkNamed } from '../../architectures/registry.ts';
import { FRIENDLY, STANDARD } from '../../architectures/variants.ts';
import { tenth } from '../../workflows/charts/format.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import type { PublishedTable } from '../../workflows/records/run_record.ts';

const CLASSES = 1000;

/** What the networks have as published and as friendly ones: functions, batch norms, parameters. */
export function variantsPart(): string {
  const rows = NETWORK_NAMES.filter((name) => networkNamed(name).variants.length > 0).map(
    (name) => {
      const { title, resolution, squeezeExcite = false } = networkNamed(name);
      const choices = { network: name, resolution, classes: CLASSES };
      const standard = costOfNetwork({ ...choices, variant: STANDARD });
      const friendly = costOfNetwork({ ...choices, variant: FRIENDLY });
      const bare = costOfNetwork({ ...choices, variant: FRIENDLY, squeezeExcite: false });
      const depthwise = friendly.layers.filter(({ kind }) => kind === 'depthwise');
      return [
        title,
        String(depthwise.length),
        millions(standard.trainableParameters),
        millions(friendly.trainableParameters),
        squeezeExcite ? millions(bare.trainableParameters) : '–',
        (standard.macs / 1e6).toFixed(0),
      ];
    },
  );
  return markdownTable(
    [
      'network',
      'depthwise layers',
      'parameters, millions: standard',
      'friendly',
      'without squeeze-and-excite',
      'MACs, millions',
    ],
    rows,
    1,
  );
}

function millions(count: number): string {
  return (count / 1e6).toFixed(3);
}

/** The rows that tell what a batch norm after each depthwise layer is worth. */
const WEIGHED: readonly string[] = [
  'standard',
  'option-1',
  'best',
  'no-depthwise-bn',
  'relu',
  'friendly',
  'no-depthwise-bn-rearchitected',
  'relu-rearchitected',
  'friendly-rearchitected',
];

/** What the variants of MobileNetV1 cost in float and give in 8 bits, of the tables that are published. */
export function variantFiguresPart(tables: readonly (PublishedTable | undefined)[]): string {
  const rows = tables
    .flatMap((table) => table?.rows ?? [])
    .filter(({ row }) => WEIGHED.includes(row))
    .map((row) => [
      row.network,
      row.dataset,
      String(row.perSeed.length),
      tenth(row.floatTop1Percent),
      tenth(row.tf8Top1Percent),
      tenth(row.lossPoints),
    ]);
  if (rows.length === 0) return '*Not measured yet.*';
  return markdownTable(['MobileNetV1', 'data', 'seeds', 'float', 'TF8', 'loss'], rows, 2);
}
