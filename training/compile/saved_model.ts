import { create, toBinary } from '@bufbuild/protobuf';
import {
  SavedModelSchema,
  type SignatureDef,
  SignatureDefSchema,
  type TensorInfo,
  TensorInfoSchema,
} from '../../checkpoints/graph_def/generated/graph_def_pb.ts';
import { type DataType, DT, shapeProto } from './attributes.ts';
import type { Graph, NodeOutput } from './graph.ts';
import { type IsolatedOp, isolateOps } from './isolate_ops.ts';
import { mapValues } from './map_values.ts';

/** TF_GRAPH_DEF_VERSION of TensorFlow 2.15 (tensorflow/core/public/version.h): how ops are to be read. */
const GRAPH_DEF_VERSION = 1645;

/** A value that crosses the border of the session. */
export interface SignatureTensor {
  readonly tensor: NodeOutput;
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

export interface Signature {
  readonly inputs: Readonly<Record<string, SignatureTensor>>;
  readonly outputs: Readonly<Record<string, SignatureTensor>>;
}

/**
 * The bytes of a `saved_model.pb` with one MetaGraph, tagged "serve". It has no `variables` folder:
 * its variables hold nothing until they are assigned.
 * @param isolated ops that oneDNN leaves alone (`isolateOps`)
 */
export function savedModelBytes(
  graph: Graph,
  signatures: Readonly<Record<string, Signature>>,
  isolated: readonly IsolatedOp[] = [],
): Uint8Array {
  const { nodes, functions } = isolateOps(graph.nodes, isolated);
  return toBinary(
    SavedModelSchema,
    create(SavedModelSchema, {
      savedModelSchemaVersion: 1n,
      metaGraphs: [
        {
          metaInfoDef: { tags: ['serve'] },
          graphDef: {
            node: nodes,
            library: { function: functions },
            versions: { producer: GRAPH_DEF_VERSION },
          },
          signatureDef: mapValues(signatures, signatureDef),
        },
      ],
    }),
  );
}

function signatureDef({ inputs, outputs }: Signature): SignatureDef {
  return create(SignatureDefSchema, {
    inputs: mapValues(inputs, tensorInfo),
    outputs: mapValues(outputs, tensorInfo),
    methodName: 'tensorflow/serving/predict',
  });
}

function tensorInfo({ tensor, shape, dtype }: SignatureTensor): TensorInfo {
  return create(TensorInfoSchema, {
    name: outputName(tensor),
    dtype: DT[dtype],
    tensorShape: shapeProto(shape),
  });
}

/** "name:0" for a first output, as sessions and signatures write it. */
export function outputName(tensor: NodeOutput): string {
  return tensor.includes(':') ? tensor : `${tensor}:0`;
}
