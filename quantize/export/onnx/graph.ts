import { create } from '@bufbuild/protobuf';
import { littleEndian } from '../../params/little_endian.ts';
import type { QuantizationParams } from '../../params/quantization.ts';
import { TensorNames } from '../tensor_names.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.ts';

/** enum TensorProto.DataType */
const DATA_TYPE = { float: 1, uint8: 2, int32: 6, int64: 7 } as const;
type DataType = keyof typeof DATA_TYPE;
/** As an attribute names it. */
export const INT32 = DATA_TYPE.int32;

/** enum AttributeProto.AttributeType */
const INT = 2;
const STRING = 3;
const INTS = 7;

/** Collects the nodes and constants of an ONNX graph; tensors are named. */
export class OnnxGraph {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  private readonly names = new TensorNames();
  /** Tensors whose scale and zero point are there. */
  private readonly quantized = new Set<string>();

  /** Adds a node with one output, whose name is the node's too. */
  node(
    opType: string,
    input: readonly string[],
    output: string,
    attributes: Readonly<Record<string, number | string | readonly number[]>> = {},
  ): void {
    this.names.add(output);
    this.nodes.push(
      create(NodeProtoSchema, {
        opType,
        name: output,
        input: [...input],
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
  }

  /** @param data the elements, little-endian */
  constant(name: string, type: DataType, shape: readonly number[], data: Uint8Array): void {
    this.names.add(name);
    this.initializers.push(
      create(TensorProtoSchema, {
        name,
        dims: shape.map(BigInt),
        dataType: DATA_TYPE[type],
        rawData: data,
      }),
    );
  }

  /** Adds QuantizeLinear from real numbers to bytes. */
  quantize(real: string, bytes: string, params: QuantizationParams): void {
    this.node('QuantizeLinear', [real, ...this.params(bytes, params)], bytes);
  }

  /** Adds DequantizeLinear of bytes; gives the name of the real numbers. */
  dequantize(bytes: string, params: QuantizationParams, real: string): string {
    this.node('DequantizeLinear', [bytes, ...this.params(bytes, params)], real);
    return real;
  }

  /** Adds DequantizeLinear of int32 numbers at zero point 0; gives the name of the real numbers. */
  dequantizeInt32(integers: string, scale: number, real: string): string {
    this.constant(`${integers}/scale`, 'float', [], littleEndian(Float32Array.of(scale)));
    this.constant(`${integers}/zero_point`, 'int32', [], littleEndian(Int32Array.of(0)));
    const params = [`${integers}/scale`, `${integers}/zero_point`];
    this.node('DequantizeLinear', [integers, ...params], real);
    return real;
  }

  /** Names of the constants with a tensor's scale and zero point. */
  private params(tensor: string, { scale, zeroPoint }: QuantizationParams): [string, string] {
    const names: [string, string] = [`${tensor}/scale`, `${tensor}/zero_point`];
    if (!this.quantized.has(tensor)) {
      this.quantized.add(tensor);
      this.constant(names[0], 'float', [], littleEndian(Float32Array.of(scale)));
      this.constant(names[1], 'uint8', [], Uint8Array.of(zeroPoint));
    }
    return names;
  }
}

/** A graph's input or output of bytes; without a shape where it follows from the nodes. */
export function byteTensor(name: string, shape?: readonly number[]): ValueInfoProto {
  return tensorInfo(name, 'uint8', shape);
}

/** A graph's input or output of real numbers. */
export function floatTensor(name: string, shape: readonly number[]): ValueInfoProto {
  return tensorInfo(name, 'float', shape);
}

function tensorInfo(name: string, type: DataType, shape?: readonly number[]): ValueInfoProto {
  const dims = shape?.map((side) => ({
    value: { case: 'dimValue', value: BigInt(side) } as const,
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: { elemType: DATA_TYPE[type], ...(dims && { shape: { dim: dims } }) },
      },
    },
  });
}

function attribute(name: string, value: number | string | readonly number[]): AttributeProto {
  if (typeof value === 'string') {
    const s = new TextEncoder().encode(value);
    return create(AttributeProtoSchema, { name, type: STRING, s });
  }
  return typeof value === 'number'
    ? create(AttributeProtoSchema, { name, type: INT, i: BigInt(value) })
    : create(AttributeProtoSchema, { name, type: INTS, ints: value.map(BigInt) });
}
