import type { LayerAnalysis } from '../../quantize/analyze/analysis.ts';
import { noiseToSignal } from '../../quantize/analyze/decibels.ts';
import type { AnalyzeResult } from '../../workflows/analyze/analyze.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';

/** An analysis as a person reads it on 80 columns; layer names longer than MobileNet's make the tables wider. */
export function showAnalysis(result: AnalyzeResult): string {
  return [
    `${result.model} on ${result.images} images of ${result.dataset}${result.skipped > 0 ? `; ${result.skipped} could not be read` : ''}`,
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
    ...diagnosisLines(result),
    '',
    `calibrated on ${result.calibrationImages} images, zero variance: ${result.zeroVariance}; ${result.kernelTier} kernels`,
    `to look at it: tf8 report ${result.run}`,
  ].join('\n');
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
  return db === -Infinity ? 'no signal' : db.toFixed(1);
}

function accuracyLines({ accuracy }: AnalyzeResult): string[] {
  if (accuracy === undefined) return [];
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

function diagnosisLines({ diagnosis, layers }: AnalyzeResult): string[] {
  if (diagnosis.length === 0) return healthyLines(layers);
  return [
    'Diagnosis, the costliest first:',
    '',
    // Findings of one cause stand together and share their remedy.
    ...diagnosis.flatMap(({ layer, cause, explanation, remedy }, index) => [
      ...wrapped(`- ${layer} (${cause}): ${explanation}`),
      ...(diagnosis[index + 1]?.cause === cause ? [] : [...wrapped(`  What to do: ${remedy}`), '']),
    ]),
  ].slice(0, -1);
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

const LINE = 80;

/** Lines of at most 80 characters, words whole; all but the first begin with `indent`. */
function wrapped(text: string, indent = '  '): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) /)) {
    if (line !== '' && line.length + 1 + word.length > LINE) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
