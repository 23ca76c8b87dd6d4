import type { AccuracyRow } from '../records/accuracy_row.ts';
import { writeAnalysis } from '../records/analysis_record.ts';
import { writeSamples } from '../records/samples.ts';
import type { OpenTable } from './open_table.ts';

/**
 * Writes the analysis of the network that loses most in TF8, and what it takes a few images for, into
 * the folder of a table's run: of the row's first seed. Quantization-aware networks are left out: no recipe
 * makes theirs of the float network. Nothing where the table has no other rows.
 * @throws what `AnalysisStore` throws
 */
export async function analyzeCostliest(
  table: Pick<OpenTable, 'rows' | 'measuring' | 'networks' | 'analyses'>,
  rows: readonly AccuracyRow[],
  dir: string,
): Promise<void> {
  const planOf = ({ row }: AccuracyRow) => table.rows.find((planned) => planned.row === row)!;
  const quantized = rows.filter((row) =>
    planOf(row).networks.every(({ plan }) => plan.kind !== 'quantization-aware'),
  );
  if (quantized.length === 0) return;
  const costliest = quantized.reduce((most, other) =>
    other.lossPoints > most.lossPoints ? other : most,
  );
  const { network: title, dataset, perSeed } = costliest;
  const [{ seed }] = perSeed as [(typeof perSeed)[number]];
  const plan = planOf(costliest);
  const network = await table.networks.provide(
    plan.networks.find((planned) => planned.seed === seed)!.plan,
  );
  const { analysis, samples } = await table.analyses.analyze(
    network,
    table.measuring(plan, seed),
    `${title} (${dataset}, seed ${seed})`,
  );
  await writeSamples(dir, samples);
  await writeAnalysis(dir, analysis);
}
