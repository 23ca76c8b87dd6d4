import { z } from 'zod';
import { tenth } from '../../workflows/charts/format.ts';
import type { AccuracyRow } from '../../workflows/records/accuracy_row.ts';
import type { RunRecord } from '../../workflows/records/run_record.ts';

/** What a network's own record says of its training. */
const trainedSchema = z.object({
  summary: z.object({ epochs: z.array(z.object({ accuracy: z.number() })).min(1) }),
});

/**
 * Why the friendly network stands below Option 1 in a table: how far its float network is behind, and
 * how much of that its smaller loss wins back. Or a sentence, where the table asks for no such reason.
 */
export function friendlyBesideOption1({
  rows,
  networks,
}: Pick<RunRecord, 'rows' | 'networks'>): Readonly<Record<string, string>> | string {
  const of = (name: string) => rows.find(({ row }) => row === name);
  const [standard, option1] = [of('standard'), of('option-1')];
  const [friendly, rebuilt] = [of('friendly'), of('friendly-rearchitected')];
  if (!standard || !option1 || !friendly || !rebuilt) return '*The table lacks a row to compare.*';
  const below = option1.tf8Top1Percent - friendly.tf8Top1Percent;
  const behind = option1.floatTop1Percent - friendly.floatTop1Percent;
  const wonBack = option1.lossPoints - friendly.lossPoints;
  const above = rebuilt.tf8Top1Percent - option1.tf8Top1Percent;
  const isExplained = below > 0 && wonBack > 0 && above > 0 && standard.recipe === friendly.recipe;
  if (!isExplained) {
    return `In TF8 ${friendly.network} has ${tenth(friendly.tf8Top1Percent)} %, ${option1.network} ${tenth(option1.tf8Top1Percent)} % and ${rebuilt.network} ${tenth(rebuilt.tf8Top1Percent)} %.`;
  }
  return {
    friendlyTf8: tenth(friendly.tf8Top1Percent),
    option1Tf8: tenth(option1.tf8Top1Percent),
    below: tenth(below),
    friendlyFloat: tenth(friendly.floatTop1Percent),
    standardFloat: tenth(option1.floatTop1Percent),
    behind: tenth(behind),
    friendlyLoss: tenth(friendly.lossPoints),
    option1Loss: tenth(option1.lossPoints),
    wonBack: tenth(wonBack),
    recipe: friendly.recipe,
    friendlyTraining: trainingAccuracy(friendly, networks),
    standardTraining: trainingAccuracy(standard, networks),
    rebuiltFloat: tenth(rebuilt.floatTop1Percent),
    rebuiltTf8: tenth(rebuilt.tf8Top1Percent),
    above: tenth(above),
    rebuiltRecipe: rebuilt.recipe,
  };
}

/** Of the last epoch, the mean over the seeds. */
function trainingAccuracy({ perSeed }: AccuracyRow, networks: RunRecord['networks']): string {
  const accuracies = perSeed.flatMap(({ record }) => {
    const { success, data } = trainedSchema.safeParse(networks[record]);
    return success ? [data.summary.epochs.at(-1)!.accuracy] : [];
  });
  if (accuracies.length === 0) return '–';
  return tenth(accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length);
}
