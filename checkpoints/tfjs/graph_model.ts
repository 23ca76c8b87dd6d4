import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { messageOf } from '../../foundation/errors.ts';
import { firstIssue } from '../../foundation/first_issue.ts';
import { chooseOutputs, mainOutputs } from '../graph_def/network/choose_output.ts';
import type { GraphSource, NodeInput, PartialShape } from '../graph_def/network/graph_source.ts';
import { parseInput } from '../graph_def/network/graph_source.ts';
import { graphToModel } from '../graph_def/network/graph_to_model.ts';
import { graphTopologySchema, jsonSource } from '../graph_def/network/json_source.ts';
import type { GraphTensor } from '../graph_def/network/tensor_proto.ts';
import type { Reading, ReadModel } from '../read_model.ts';
import { damagedModel, readWeightData, weightsManifestSchema } from './weights_manifest.ts';

const tensorInfoSchema = z.object({
  name: z.string(),
  tensorShape: z
    .object({
      dim: z.array(z.object({ size: z.union([z.string(), z.number()]).nullish() })).nullish(),
    })
    .nullish(),
});

const signatureSchema = z.object({
  inputs: z.record(z.string(), tensorInfoSchema).nullish(),
  outputs: z.record(z.string(), tensorInfoSchema).nullish(),
});

const graphModelSchema = z.object({
  modelTopology: graphTopologySchema,
  weightsManifest: weightsManifestSchema,
  signature: signatureSchema.nullish(),
  /** Where older files have it. */
  userDefinedMetadata: z.object({ signature: signatureSchema.nullish() }).nullish(),
});

type Signature = z.infer<typeof signatureSchema>;

/** Whether the JSON of a model.json is that of a GraphModel. */
export function isGraphModel(json: unknown): boolean {
  const { format, modelTopology } = (json ?? {}) as {
    format?: unknown;
    modelTopology?: { node?: unknown } | null;
  };
  return format === 'graph-model' || Array.isArray(modelTopology?.node);
}

/**
 * Reads a tfjs GraphModel as a float graph.
 * @param json parsed from the model.json at `path`, beside which its weights are
 * @throws UserError where a file is missing or damaged, or as `graphToModel` does
 */
export async function readGraphModel(
  json: unknown,
  path: string,
  reading?: Reading,
): Promise<ReadModel> {
  const parsed = graphModelSchema.safeParse(json);
  if (!parsed.success) {
    throw damagedModel(`Expected a tfjs GraphModel in ${path} but: ${firstIssue(parsed.error)}`);
  }
  const { modelTopology, weightsManifest, userDefinedMetadata } = parsed.data;
  const signature = parsed.data.signature ?? userDefinedMetadata?.signature ?? {};
  const { weightSpecs, weightData } = await readWeightData(path, weightsManifest);
  const weights = decodeWeights(weightData, weightSpecs, path);
  const source = jsonSource(modelTopology, weights, path);
  const outputs = outputsOf(signature, source, reading);
  return graphToModel({ ...reading, source, outputs, inputShapes: inputShapesOf(signature) });
}

function inputShapesOf({ inputs }: Signature): Map<string, PartialShape> {
  return new Map(
    Object.values(inputs ?? {}).flatMap(({ name, tensorShape }) => {
      const node = parseInput(name)?.node;
      const shape = tensorShape?.dim?.map(({ size }) =>
        Number(size ?? -1) >= 0 ? Number(size) : undefined,
      );
      return node === undefined || shape === undefined ? [] : [[node, shape] as const];
    }),
  );
}

function outputsOf({ outputs }: Signature, source: GraphSource, reading?: Reading): NodeInput[] {
  const named = Object.values(outputs ?? {})
    .flatMap(({ name }) => parseInput(name) ?? [])
    .filter(({ node }) => source.nodes.has(node));
  return named.length > 0 ? mainOutputs(named, reading) : chooseOutputs(source, reading);
}

/** Quantized weights become the numbers that they stand for. */
function decodeWeights(
  data: Uint8Array<ArrayBuffer>,
  specs: tf.io.WeightsManifestEntry[],
  path: string,
): Map<string, GraphTensor> {
  const weights = new Map<string, GraphTensor>();
  tf.tidy(() => {
    try {
      const tensors = tf.io.decodeWeights(data.buffer, specs);
      for (const { name, shape, dtype } of specs) {
        const read = tensors[name].dataSync();
        const values = dtype === 'float32' ? Float32Array.from(read) : Int32Array.from(read);
        weights.set(name, { dtype, shape, values });
      }
    } catch (error) {
      throw damagedModel(
        `Expected weights that can be read in ${path} but: ${messageOf(error)}`,
        error,
      );
    }
  });
  return weights;
}
