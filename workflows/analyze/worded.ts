import type { Context } from '../../foundation/reporting/context.ts';
import type { Analysis } from '../../quantize/analyze/analysis.ts';
import type { WordedAnalysis } from '../records/analysis_record.ts';
import { unquoted } from '../wording.ts';
import { type Patient, remedyFor } from './remedy.ts';
import { verdictOf } from './verdict.ts';

/** An analysis with a verdict, whose findings say in words what to do, as the caller's users do it. */
export function worded(
  analysis: Analysis,
  patient: Patient,
  { wording = (message) => message }: Pick<Context, 'wording'>,
): WordedAnalysis {
  const diagnosis = analysis.diagnosis.map((finding) => {
    const { words, commands } = remedyFor(finding.advice, patient);
    return {
      ...finding,
      remedy: wording(words),
      commands: commands.map((line) => unquoted(wording(line))),
    };
  });
  return { ...analysis, verdict: verdictOf(analysis), diagnosis };
}
