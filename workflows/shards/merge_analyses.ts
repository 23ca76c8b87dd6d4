import { z } from 'zod';
import type { Context } from '../../foundation/reporting/context.ts';
import { joinedNetwork } from '../../quantize/analyze/network_sums.ts';
import { OP_NAMES } from '../../quantize/ops/table.ts';
import { ROUNDINGS } from '../../quantize/params/roundings.ts';
import type { AnalyzeOptions } from '../analyze/analyze_options.ts';
import {
  type AnalysisCounts,
  type AnalysisFacts,
  type AnalyzeResult,
  finishAnalysis,
} from '../analyze/finish_analysis.ts';
import { joinedOutcome } from '../analyze/outcome_meter.ts';
import { joinedPartial } from '../analyze/partial_accuracy.ts';
import { decibels, quantizationSchema, weightsSchema } from '../records/analysis_record.ts';
import { environmentSchema } from '../records/environment.ts';
import { samplesSchema } from '../records/samples.ts';
import { partOf, rightCounts, sum } from './merge_evaluations.ts';
import { requireSameCode } from './same_machines.ts';
import type { ReadShard } from './shard_file.ts';

const count = z.int().min(0);
const energies = { signal: sum, noise: sum };
const sqnr = z.strictObject({ ...energies, imagesDb: z.array(decibels) });
const effects = z.record(z.string(), z.array(z.strictObject(energies)));
const tensorSpec = {
  shape: z.tuple([count, count, count]),
  quantization: quantizationSchema,
};
const tensor = z.strictObject({
  counts: z.array(count).length(256),
  below: count,
  above: count,
  min: decibels,
  max: decibels,
  signal: sum,
  saturation: sum,
  rounding: sum,
});

const factsSchema = z.looseObject({
  network: z.strictObject({
    model: z.string(),
    input: z.strictObject({ name: z.string(), ...tensorSpec }),
    outputs: z.array(z.string()),
    layers: z.array(
      z.strictObject({
        name: z.string(),
        op: z.enum(OP_NAMES),
        inputs: z.array(z.string()),
        activation: z.enum(['linear', 'relu', 'relu6']),
        output: z.strictObject(tensorSpec),
        deadChannels: count,
        weights: weightsSchema.exactOptional(),
      }),
    ),
  }),
  run: z.looseObject({ environment: environmentSchema, kernelTier: z.string() }),
  patient: z.looseObject({ model: z.string() }),
  dataset: z.string(),
});

const outcome = z.strictObject({
  images: count,
  agreeing: count,
  right: z
    .strictObject({
      float: rightCounts,
      tf8: rightCounts,
      onlyFloatRight: count,
      onlyTf8Right: count,
    })
    .exactOptional(),
});

const countsSchema = z.strictObject({
  sums: z.strictObject({
    network: z.strictObject({
      images: count,
      input: tensor,
      layers: z.array(
        z.strictObject({
          output: tensor,
          relu6: z.strictObject({ values: count, clipped: count, max: z.number(), ...energies }),
          local: sqnr,
          cumulative: sqnr,
          byInput: z.strictObject(energies),
          byWeights: z.strictObject(energies),
        }),
      ),
      effects: z.strictObject({ images: count, byWeights: effects, byTensor: effects }),
      profile: z
        .strictObject({
          name: z.enum(ROUNDINGS),
          layers: z.array(
            z.strictObject({
              layer: z.string(),
              elements: count,
              differingHere: count,
              differing: count,
              maxDifference: count,
              sqnr,
              defaultSqnr: sqnr.exactOptional(),
            }),
          ),
        })
        .exactOptional(),
    }),
    outcome: outcome.exactOptional(),
    plain: z.strictObject({ withFloat: outcome, withProfile: outcome }).exactOptional(),
    parts: z
      .strictObject({
        images: count,
        float: rightCounts,
        tf8: rightCounts,
        onlyWeights: rightCounts,
        onlyActivations: rightCounts,
        layers: z.array(
          z.strictObject({ layer: z.string(), onlyThis: rightCounts, allButThis: rightCounts }),
        ),
      })
      .exactOptional(),
  }),
  samples: samplesSchema.exactOptional(),
  skipped: count,
});

/** @param shards all, by their numbers */
export async function mergeAnalyses(
  shards: readonly ReadShard[],
  options: Pick<AnalyzeOptions, 'runsDir' | 'out'>,
  context: Context,
): Promise<AnalyzeResult> {
  const facts = shards.map(
    (shard) => partOf(shard, 'facts', factsSchema) as unknown as AnalysisFacts,
  );
  const machines = facts.map(({ run: { environment, kernelTier } }) => {
    return { environment, kernels: { tier: kernelTier } };
  });
  requireSameCode(shards, machines, context.reporter);
  const counts: AnalysisCounts[] = shards.map((shard) => partOf(shard, 'sums', countsSchema));
  return finishAnalysis(facts[0], counts.reduce(joinedAnalysis), options, context);
}

function joinedAnalysis(a: AnalysisCounts, b: AnalysisCounts): AnalysisCounts {
  const [ofA, ofB] = [a.sums, b.sums];
  return {
    sums: {
      network: joinedNetwork(ofA.network, ofB.network),
      ...(ofA.outcome && ofB.outcome && { outcome: joinedOutcome(ofA.outcome, ofB.outcome) }),
      ...(ofA.plain &&
        ofB.plain && {
          plain: {
            withFloat: joinedOutcome(ofA.plain.withFloat, ofB.plain.withFloat),
            withProfile: joinedOutcome(ofA.plain.withProfile, ofB.plain.withProfile),
          },
        }),
      ...(ofA.parts && ofB.parts && { parts: joinedPartial(ofA.parts, ofB.parts) }),
    },
    ...(a.samples && { samples: a.samples }),
    skipped: a.skipped + b.skipped,
  };
}
