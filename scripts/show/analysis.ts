import type { LayerAnalysis } from '../../quantize/analyze/analysis.ts';
import { noiseToSignal } from '../../quantize/analyze/decibels.ts';
import type { AnalyzeResult } from '../../workflows/analyze/finish_analysis.ts';
import { howQuantized } from '../../workflows/quantize/conversion.ts';
import type { WordedFinding } from '../../workflows/records/analysis_record.ts';
import { isLoss } from '../../workflows/records/cause_names.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import {
  PROFILE_HEADER,
  profileCaption,
  profileRows,
  profileWords,
} from '../../workflows/records/profile_table.ts';
import { imageCount, joined, LINE, wrapped } from './lines.ts';

/** An analysis as a person reads it on 80 columns; layer names longer than MobileNet's make the tables wider. */
export function showAnalysis(result: AnalyzeResult): string {
  return [
    ...wrapped(`${result.verdict}`, ''),
    ...wrapped(measuredOn(result), ''),
    '',
    'Signal to quantization noise in dB ("–": nothing is lost)',
    '  local    this layer in TF8, its input exact; of that',
    '           input, weights and output, each one alone quantized',
    '  total    the network up to here in TF8 (cumulative)',
    `  end      at the logits, of its weights' and its output's noise, ${result.effectImages} images`,
    '  dead     number of depthwise channels of zero variance',
    '',
    layersTable(result.layers),
    '',
    ...accuracyLines(result),
    ...profileLines(result),
    ...diagnosisLines(result),
    '',
    ...clippingLines(result),
    `calibrated on ${imageCount(result.calibrationImages)}, ${howQuantized(result)}; ${result.kernelTier} kernels`,
    `to look at it: tf8 report ${result.run}`,
  ].join('\n');
}

/** What the verdict was found on, and what else tells how much is lost. */
function measuredOn({
  model,
  images,
  dataset,
  skipped,
  agreement,
  accuracy,
}: AnalyzeResult): string {
  const same =
    agreement === undefined || accuracy === undefined
      ? ''
      : `; first class as in float: ${agreement.agreeing}`;
  const unread = skipped > 0 ? `; ${skipped} could not be read` : '';
  return `${model} on ${images} images of ${dataset}${same}${unread}`;
}

/** Eight columns, of 80 characters with MobileNet's names; the record has the rest. */
function layersTable(layers: readonly LayerAnalysis[]): string {
  return markdownTable(
    ['layer', 'local', 'total', 'input', 'weights', 'output', 'end', 'dead'],
    layers.map(({ name, localSqnrDb, cumulativeSqnrDb, causes, logits, deadChannels }) => [
      name,
      ...[
        localSqnrDb,
        cumulativeSqnrDb,
        causes.inputQuantization,
        causes.weightQuantization,
        together(causes.saturation, causes.activationRequantization),
        together(logits.onlyWeights, logits.onlyOutput),
      ].map(decibels),
      deadChannels === 0 ? '–' : String(deadChannels),
    ]),
    1,
  );
}

/** The ratio of two uncorrelated noises to the signal that both have. */
function together(a: number, b: number): number {
  const noise = noiseToSignal(a) + noiseToSignal(b);
  return noise === 0 ? Infinity : -10 * Math.log10(noise);
}

/** "–" where nothing is lost. */
function decibels(db: number): string {
  if (db === Infinity) return '–';
  return db === -Infinity ? 'no signal' : db.toFixed(1).replace('-', '−');
}

function accuracyLines({ accuracy }: AnalyzeResult): string[] {
  if (accuracy === undefined || !('layers' in accuracy)) return [];
  const { float, tf8, onlyWeights, onlyActivations, layers } = accuracy;
  const rows = [
    ['float', float],
    ['TF8', tf8],
    ['only weights in TF8', onlyWeights],
    ['only activations in TF8', onlyActivations],
  ] as const;
  return [
    markdownTable(
      ['network', 'top-1 %', 'top-5 %'],
      rows.map(([name, { top1, top5 }]) => [name, top1.toFixed(1), top5.toFixed(1)]),
      1,
    ),
    '',
    markdownTable(
      ['layer', 'only this in TF8, top-1 %', 'all but this, top-1 %'],
      layers.map(({ layer, onlyThis, allButThis }) => [
        layer,
        onlyThis.top1.toFixed(1),
        allButThis.top1.toFixed(1),
      ]),
      1,
    ),
    '',
  ];
}

function profileLines({ profile, ...found }: AnalyzeResult): string[] {
  if (profile === undefined) return [];
  return [
    ...wrapped(profileWords({ ...found, profile }), ''),
    '',
    markdownTable(PROFILE_HEADER, profileRows(profile), 1),
    '',
    ...wrapped(profileCaption(profile), ''),
    '',
  ];
}

function diagnosisLines({ diagnosis: all, layers }: AnalyzeResult): string[] {
  const diagnosis = all.filter(isLoss);
  if (diagnosis.length === 0) return healthyLines(layers);
  return [
    'Diagnosis, the costliest first:',
    '',
    // Findings of one cause stand together and share their remedy.
    ...diagnosis.flatMap((finding, index) => [
      ...wrapped(`- ${finding.layer} (${finding.cause}): ${finding.explanation}`),
      ...(diagnosis[index + 1]?.cause === finding.cause ? [] : [...remedyLines(finding), '']),
    ]),
  ].slice(0, -1);
}

function remedyLines({ remedy, commands = [] }: WordedFinding): string[] {
  return [...wrapped(`  What to do: ${remedy}`), ...commands.flatMap((line) => pasted(line))];
}

/** What ReLU6 takes is no loss of TF8: it stands apart, the layer that loses most first. */
function clippingLines({ diagnosis }: AnalyzeResult): string[] {
  const clipped = diagnosis.filter((finding) => !isLoss(finding));
  if (clipped.length === 0) return [];
  return [
    'Apart from TF8: what ReLU6 cuts, in the float network too',
    '',
    markdownTable(
      ['layer', 'outputs cut %', 'greatest', "of ReLU's energy %"],
      clipped.map(({ layer, evidence }) => [
        layer,
        (100 * evidence.clippedShare).toFixed(1),
        evidence.linearMax.toFixed(1),
        (100 * evidence.clippedEnergyShare).toFixed(1),
      ]),
      1,
    ),
    '',
    ...remedyLines(clipped[0]),
    '',
  ];
}

/** A network without findings: what it loses in all, and where most. */
function healthyLines(layers: readonly LayerAnalysis[]): string[] {
  const costOf = ({ logits }: LayerAnalysis) =>
    noiseToSignal(logits.onlyWeights) + noiseToSignal(logits.onlyOutput);
  const costliest = layers.reduce((most, layer) => (costOf(layer) > costOf(most) ? layer : most));
  const { onlyWeights, onlyOutput } = costliest.logits;
  return wrapped(
    `Diagnosis: healthy; no layer costs the logits much. In TF8 they keep ${decibels(layers.at(-1)!.cumulativeSqnrDb)} dB; ` +
      `the costliest layer, ${costliest.name}, would leave them ${decibels(together(onlyWeights, onlyOutput))} dB by itself.`,
    '',
  );
}

/** An option with its value, or another word, as they are spelled for a shell. */
const ARGUMENT = /(?:--\S+ (?!--))?(?:'[^']*'|\\.|[^\s'\\])+/g;

/** A command in lines that a shell takes as one; an option that is too long with its value stays whole. */
function pasted(command: string): string[] {
  const lines = joined(command.match(ARGUMENT) ?? [], '    ', '      ', LINE - ' \\'.length);
  return lines.map((line, at) => (at === lines.length - 1 ? line : `${line} \\`));
}
