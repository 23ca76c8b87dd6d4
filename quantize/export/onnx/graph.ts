import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../../../foundation/onnx/generated/onnx_pb.ts';
import { littleEndian } from '../../params/little_endian.ts';
import type { QuantizationParams } from '../../params/quantization.ts';
import {
  isPerChannel,
  type WeightQuantization,
  weightScales,
} from '../../params/weight_quantization.ts';
import { toggledSign } from '../signed_bytes.ts';
import { TensorNames } from '../tensor_names.ts';

/** enum TensorProto.DataType */
const DATA_TYPE = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
type DataType = keyof typeof DATA_TYPE;
/** As an attribute names it. */
export const INT32 = DATA_TYPE.int32;

/** enum AttributeProto.AttributeType */
const INT = 2;
const STRING = 3;
const INTS = 7;

/** What the bytes of a graph are. */
export type ByteType = 'uint8' | 'int8';

/** Collects the nodes and constants of an ONNX graph; tensors are named. */
export class OnnxGraph {
  readonly bytes: ByteType;
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  private readonly names = new TensorNames();
  /** Tensors whose scale and zero point are there. */
  private readonly quantized = new Set<string>();

  constructor(bytes: ByteType = 'uint8') {
    this.bytes = bytes;
  }

  /** Adds a node with one output, whose name is the node's too; of ONNX's own operators unless a domain is given. */
  node(
    opType: string,
    input: readonly string[],
    output: string,
    attributes: Readonly<Record<string, number | string | readonly number[]>> = {},
    domain = '',
  ): void {
    this.names.add(output);
    this.nodes.push(
      create(NodeProtoSchema, {
        opType,
        domain,
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

  /** A constant of bytes, as the graph has them. @param data as uint8 */
  byteConstant(name: string, shape: readonly number[], data: Uint8Array): void {
    this.constant(name, this.bytes, shape, this.bytes === 'int8' ? toggledSign(data) : data);
  }

  /** Adds QuantizeLinear from real numbers to bytes. */
  quantize(real: string, bytes: string, params: QuantizationParams): void {
    this.node('QuantizeLinear', [real, ...this.params(bytes, params)], bytes);
  }

  /**
   * Adds DequantizeLinear of bytes; gives the name of the real numbers. Where each channel has a scale, `axis` is
   * that of the channels.
   */
  dequantize(bytes: string, params: WeightQuantization, real: string, axis = 0): string {
    const inputs = [bytes, ...this.params(bytes, params)];
    this.node('DequantizeLinear', inputs, real, isPerChannel(params) ? { axis } : {});
    return real;
  }

  /** Adds DequantizeLinear of int32 numbers [M] at zero point 0; gives the name of the real numbers. */
  dequantizeInt32(integers: string, params: WeightQuantization, real: string): string {
    const zeros = new Int32Array(weightScales(params).length);
    this.constant(`${integers}/scale`, 'float', sides(params), littleEndian(scalesOf(params)));
    this.constant(`${integers}/zero_point`, 'int32', sides(params), littleEndian(zeros));
    const inputs = [integers, `${integers}/scale`, `${integers}/zero_point`];
    this.node('DequantizeLinear', inputs, real, isPerChannel(params) ? { axis: 0 } : {});
    return real;
  }

  /** Names of the constants with a tensor's scales and zero points. */
  private params(tensor: string, params: WeightQuantization): [string, string] {
    const names: [string, string] = [`${tensor}/scale`, `${tensor}/zero_point`];
    if (!this.quantized.has(tensor)) {
      this.quantized.add(tensor);
      const scales = scalesOf(params);
      const zeros = new Uint8Array(scales.length).fill(params.zeroPoint);
      this.constant(names[0], 'float', sides(params), littleEndian(scales));
      this.byteConstant(names[1], sides(params), zeros);
    }
    return names;
  }
}

function scalesOf(params: WeightQuantization): Float32Array {
  return Float32Array.from(weightScales(params));
}

/** A number alone has no sides. */
function sides(params: WeightQuantization): readonly number[] {
  return isPerChannel(params) ? [params.scales.length] : [];
}

/** A graph's input or output of bytes; without a shape where it follows from the nodes. */
export function byteTensor(
  name: string,
  type: ByteType,
  shape?: readonly number[],
): ValueInfoProto {
  return tensorInfo(name, type, shape);
}

/** What the bytes of a graph are whose first input is this. */
export function byteTypeOf(input: ValueInfoProto | undefined): ByteType {
  return elementType(input) === DATA_TYPE.int8 ? 'int8' : 'uint8';
}

/** Whether a graph's input or output is of real numbers. */
export function isReal(input: ValueInfoProto | undefined): boolean {
  return elementType(input) === DATA_TYPE.float;
}

function elementType(input: ValueInfoProto | undefined): number | undefined {
  const { value } = input?.type ?? { value: undefined };
  return value?.case === 'tensorType' ? value.value.elemType : undefined;
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
