import type { TensorSpec } from '../model/tf8_model.ts';
import type { CausesDb, LayerAnalysis, LogitsDb } from './analysis.ts';
import { type EnergySums, joinedEnergies, pooledDb } from './energy_meter.ts';
import { joinedRelu6, type Relu6Sums, relu6Analysis } from './relu6_meter.ts';
import { joinedSqnr, type SqnrSums, sqnrStatistics } from './sqnr_meter.ts';
import {
  joinedTensor,
  roundingDb,
  saturationDb,
  type TensorSums,
  tensorAnalysis,
} from './tensor_meter.ts';

/** What images do not change of a layer. */
export interface LayerFacts
  extends Pick<
    LayerAnalysis,
    'name' | 'op' | 'inputs' | 'activation' | 'deadChannels' | 'weights'
  > {
  readonly output: Pick<TensorSpec, 'shape' | 'quantization'>;
}

/** What is counted and summed of a layer over images; README.md has the formulas. */
export interface LayerSums {
  readonly output: TensorSums;
  /** All 0 where the activation is another. */
  readonly relu6: Relu6Sums;
  readonly local: SqnrSums;
  readonly cumulative: SqnrSums;
  readonly byInput: EnergySums;
  /** Nothing where the layer has no weights. */
  readonly byWeights: EnergySums;
}

export function joinedLayer(a: LayerSums, b: LayerSums): LayerSums {
  return {
    output: joinedTensor(a.output, b.output),
    relu6: joinedRelu6(a.relu6, b.relu6),
    local: joinedSqnr(a.local, b.local),
    cumulative: joinedSqnr(a.cumulative, b.cumulative),
    byInput: joinedEnergies(a.byInput, b.byInput),
    byWeights: joinedEnergies(a.byWeights, b.byWeights),
  };
}

/** @param logits what the layer costs the network */
export function layerAnalysis(facts: LayerFacts, sums: LayerSums, logits: LogitsDb): LayerAnalysis {
  const { name, op, inputs, activation, output, deadChannels, weights } = facts;
  const local = sqnrStatistics(sums.local);
  const cumulative = sqnrStatistics(sums.cumulative);
  return {
    name,
    op,
    inputs,
    activation,
    localSqnrDb: local.meanDb,
    local,
    cumulativeSqnrDb: cumulative.meanDb,
    cumulative,
    causes: causesOf(facts, sums),
    logits,
    output: tensorAnalysis(output, sums.output),
    deadChannels,
    ...(weights && { weights }),
    ...(activation === 'relu6' && { relu6: relu6Analysis(sums.relu6) }),
  };
}

function causesOf({ op, weights }: LayerFacts, sums: LayerSums): CausesDb {
  // A pool's output stays within its input's range; a maximum, or what is moved, is one of its inputs' bytes.
  const moves = ['maxPool2d', 'rearrange', 'maximum', 'minimum'].includes(op);
  const pools = moves || ['averagePool2d', 'globalAveragePool', 'resize'].includes(op);
  return {
    inputQuantization: pooledDb(sums.byInput),
    weightQuantization: weights === undefined ? Infinity : pooledDb(sums.byWeights),
    saturation: pools ? Infinity : saturationDb(sums.output),
    activationRequantization: moves ? Infinity : roundingDb(sums.output),
    relu6Clipping: pooledDb(sums.relu6),
  };
}
