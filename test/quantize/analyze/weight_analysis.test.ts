import assert from 'node:assert/strict';
import type { FloatDepthwiseConv2dNode } from '../../../architectures/graph/operations/depthwise_conv2d.ts';
import type { FoldedBatchNorm } from '../../../architectures/graph/operations/weighted.ts';
import { analyzeWeights, stretchBy } from '../../../quantize/analyze/weight_analysis.ts';
import type { WeightedNode } from '../../../quantize/model/tf8_model.ts';
import { quantizeArray } from '../../../quantize/params/quantization.ts';
import { NO_PADDING } from '../../../quantize/params/window.ts';

/** Two positions of four channels; the last one is far wider than the others. */
const KERNEL = Float32Array.of(1, -2, 3, 200, -1, 2, 0, -55);
const WEIGHTS = { scale: 1, zeroPoint: 55 };
const INPUT = { scale: 0.5, zeroPoint: 100 };

const EXACT: FloatDepthwiseConv2dNode = {
  op: 'depthwiseConv2d',
  name: 'depthwise',
  inputs: ['image'],
  kernel: KERNEL,
  kernelShape: [1, 2, 4, 1],
  bias: Float32Array.of(1, 2, 3, 4),
  strides: [1, 1],
  padding: NO_PADDING,
  activation: 'linear',
};

const STORED: WeightedNode = {
  ...EXACT,
  op: 'depthwiseConv2d',
  activation: 'linear',
  output: { shape: [1, 1, 4], quantization: INPUT },
  weights: { data: quantizeArray(KERNEL, WEIGHTS), shape: [1, 2, 4, 1], quantization: WEIGHTS },
  bias: Int32Array.of(5, -70, 6, 0),
};

function analyzeFolded(
  exact: FloatDepthwiseConv2dNode,
  batchNorm: Omit<FoldedBatchNorm, 'replacedChannels' | 'beta' | 'gamma'>,
) {
  const { variance } = batchNorm;
  const unread = { beta: variance, gamma: variance, replacedChannels: [] };
  const folded = { ...exact, batchNorm: { ...batchNorm, ...unread } };
  return analyzeWeights(folded, STORED, INPUT);
}

describe('analyzeWeights', () => {
  it('describes each output channel beside the layer', () => {
    const { range, channels, sqnrDb } = analyzeWeights(EXACT, STORED, INPUT);
    assert.deepEqual(range, { min: -55, max: 200 });
    assert.deepEqual(channels.min, [-1, -2, 0, -55]);
    assert.deepEqual(channels.max, [1, 2, 3, 200]);
    assert.deepEqual(channels.levels, [3, 5, 4, 256]);
    assert.equal(channels.medianLevels, 4.5);
    assert.equal(channels.medianShare, 3.5 / 255);
    assert.equal(sqnrDb, Infinity);
    assert.equal(channels.batchNorm, undefined);
  });

  it('takes the median over live channels, and keeps what the batch norm was', () => {
    const { channels } = analyzeFolded(EXACT, {
      alpha: Float64Array.of(0.5, -0.5, 0.5, 0.25),
      variance: Float32Array.of(1, 1, 1, 0),
      deadChannels: [3],
    });
    assert.equal(channels.medianLevels, 4);
    assert.deepEqual(channels.batchNorm, {
      alpha: [0.5, -0.5, 0.5, 0.25],
      variance: [1, 1, 1, 0],
      dead: [3],
      outliers: [],
    });
  });

  it('finds finite figures of a layer whose weights are all 0', () => {
    const zero = { ...EXACT, kernel: new Float32Array(8) };
    const data = new Uint8Array(8).fill(WEIGHTS.zeroPoint);
    const stored = { ...STORED, weights: { ...STORED.weights, data } };
    const { channels, range } = analyzeWeights(zero, stored, INPUT);
    assert.deepEqual([channels.medianShare, channels.medianLevels], [0, 1]);
    assert.deepEqual(range, { min: 0, max: 0 });
  });

  it('marks channels whose |α| is an outlier', () => {
    const eight = {
      ...EXACT,
      kernel: Float32Array.of(1, 2, 1, 2, 1, 2, 1, 2),
      kernelShape: [1, 1, 8, 1] as const,
      bias: new Float32Array(8),
    };
    const { channels } = analyzeFolded(eight, {
      alpha: Float64Array.of(0.5, -0.5, 0.4, 0.5, -30, 0.6, 0.5, 0.4),
      variance: new Float32Array(8).fill(1),
      deadChannels: [],
    });
    assert.deepEqual(channels.batchNorm!.outliers, [4]);
  });

  it('takes the fence of outliers from live channels: dead ones, however large, hide none', () => {
    const sizes = [1, 1.2, 0.9, 1.1, 1, 4, 50, 60];
    const eight = {
      ...EXACT,
      kernel: Float32Array.from(sizes),
      kernelShape: [1, 1, 8, 1] as const,
      bias: new Float32Array(8),
    };
    const outliersWith = (deadChannels: number[]) => {
      const { wideChannels, batchNorm } = analyzeFolded(eight, {
        alpha: Float64Array.from(sizes),
        variance: Float32Array.from(sizes, (_, channel) =>
          deadChannels.includes(channel) ? 0 : 1,
        ),
        deadChannels,
      }).channels;
      return [wideChannels, batchNorm!.outliers];
    };
    assert.deepEqual(outliersWith([6, 7]), [
      [5, 6, 7],
      [5, 6, 7],
    ]);
    assert.deepEqual(outliersWith([]), [[7], [7]]);
  });

  it('counts bytes, and weights beyond the grid outside of them', () => {
    const { histogram } = analyzeWeights(EXACT, STORED, INPUT);
    assert.equal(histogram.counts[55], 1);
    assert.equal(histogram.counts[255], 1);
    assert.deepEqual([histogram.below, histogram.above], [0, 0]);
    const narrow = { scale: 0.5, zeroPoint: 55 };
    const data = quantizeArray(KERNEL, narrow);
    const stored = { ...STORED, weights: { ...STORED.weights, data, quantization: narrow } };
    const outside = analyzeWeights(EXACT, stored, INPUT).histogram;
    assert.deepEqual([outside.below, outside.above], [1 / 8, 1 / 8]);
    assert.equal(outside.counts[0] + outside.counts[255], 0);
  });

  it('tells how far the accumulator is from the end of int32', () => {
    const { accumulator } = analyzeWeights(EXACT, STORED, INPUT);
    const bound = 70 + 2 * 155 * 200;
    assert.deepEqual(accumulator, {
      biasMax: 70,
      biasChannel: 1,
      bound,
      headroomBits: Math.log2((2 ** 31 - 1) / bound),
    });
  });
});

describe('stretchBy', () => {
  const { channels } = analyzeWeights(EXACT, STORED, INPUT);

  it('says how much wider some channels make the range', () => {
    assert.equal(stretchBy(channels, [3]), 255 / 5);
    assert.equal(stretchBy(channels, []), 1);
  });

  it('is 1 where no weights would be left', () => {
    assert.equal(stretchBy(channels, [0, 1, 2, 3]), 1);
  });
});
