import type { LayerAnalysis } from '../../quantize/analyze/analysis.ts';
import { percent, short } from '../charts/format.ts';
import { decibels } from './figures/decibels.ts';

/** What is to be said of one layer beside its plots. */
export function layerFacts(layer: LayerAnalysis): (readonly [name: string, value: string])[] {
  const { output, weights, relu6 } = layer;
  return [
    [
      'SQNR local / cumulative',
      `${decibels(layer.localSqnrDb)} / ${decibels(layer.cumulativeSqnrDb)}`,
    ],
    [
      'output',
      `${output.shape.join(' × ')}, ${short(output.observed.min)} to ${short(output.observed.max)}`,
    ],
    [
      'range of its bytes',
      `${short(output.representable.min)} to ${short(output.representable.max)}, ${percent(output.rangeInUse)} % in use`,
    ],
    [
      'outside the range',
      `${percent(output.histogram.below + output.histogram.above)} % of values`,
    ],
    ...(weights
      ? ([
          [
            'weights',
            `${short(weights.range.min)} to ${short(weights.range.max)}, SQNR ${decibels(weights.sqnrDb)}`,
          ],
          ['median live channel', `${short(weights.channels.medianLevels)} of 256 levels`],
          ['channels of zero variance', zeroVariance(layer)],
          [
            'largest bias',
            `${weights.accumulator.biasMax} in channel ${weights.accumulator.biasChannel}`,
          ],
          ['accumulators', `${short(weights.accumulator.headroomBits)} bits of int32 to spare`],
        ] as const)
      : []),
    ...(relu6
      ? ([
          [
            'ReLU6 clips',
            `${percent(relu6.clippedShare)} % of outputs, which reach ${short(relu6.linearMax)}`,
          ],
        ] as const)
      : []),
  ];
}

/** The number of channels of zero variance, of whatever layer; "–" where it had no batch norm. */
export function zeroVariance({ weights }: Pick<LayerAnalysis, 'weights'>): string {
  return String(weights?.channels.batchNorm?.dead.length ?? '–');
}
