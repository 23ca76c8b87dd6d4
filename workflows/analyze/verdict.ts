import type { AccuracyAnalysis, Analysis, Finding } from '../../quantize/analyze/analysis.ts';
import { tenth } from '../charts/format.ts';
import { CAUSE_NAMES } from '../records/cause_names.ts';

export interface Judged extends Pick<Analysis, 'images' | 'agreement' | 'accuracy'> {
  readonly diagnosis: readonly Pick<Finding, 'cause' | 'cost'>[];
}

/** How much a network loses in TF8, and by what most of it: at most 80 characters. */
export function verdictOf(judged: Judged): string {
  const { accuracy, agreement, images } = judged;
  if (accuracy !== undefined) {
    const [float, tf8] = [accuracy.float.top1, accuracy.tf8.top1];
    const both = `float ${tenth(float)} %, TF8 ${tenth(tf8)} %`;
    return losesForCertain(accuracy)
      ? `TF8 loses ${tenth(float - tf8)} points of top-1 (${both}): ${mainCause(judged)}`
      : `TF8 loses nothing that ${accuracy.images} images show (top-1: ${both})`;
  }
  if (agreement === undefined)
    return `What costs most, over ${images} images: ${mainCause(judged)}`;
  const { agreeing } = agreement;
  return `TF8 agrees with float on ${agreeing} of ${agreement.images} first classes: ${mainCause(judged)}`;
}

/**
 * Whether more images lost their class than found it by more than chance has it: twice the standard
 * deviation of the difference where as many would find it as lose it (McNemar).
 */
function losesForCertain({ float, tf8, onlyFloatRight, onlyTf8Right }: AccuracyAnalysis): boolean {
  if (onlyFloatRight === undefined || onlyTf8Right === undefined) return float.top1 > tf8.top1;
  const lost = onlyFloatRight - onlyTf8Right;
  return lost > 0 && lost >= 2 * Math.sqrt(onlyFloatRight + onlyTf8Right);
}

function mainCause({ diagnosis }: Judged): string {
  const costliest = diagnosis.find(({ cost }) => cost.cause > 0);
  if (costliest === undefined) return 'no layer stands out';
  return costliest.cause === 'deadChannels' ? 'dead channels' : CAUSE_NAMES[costliest.cause];
}
