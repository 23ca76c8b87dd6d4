import { byName } from '../model/by_name.ts';
import { isWeighted, type Tf8Model, tensorSpecs } from '../model/tf8_model.ts';
import { type KernelCall, kernelCall, operationOf } from '../ops/table.ts';
import type { TensorSpec } from '../ops/tensor.ts';
import { fixedMultiplier, type RoundingName } from '../params/roundings.ts';
import { elements } from '../params/shape.ts';
import { type SingleMultiplier, singleMultiplier } from '../params/single_multiplier.ts';
import { ofScales } from '../params/weight_quantization.ts';

/** What a chip needs to know of one layer, all of it as the executor uses it. */
export interface LayerRow {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly (TensorSpec & { readonly name: string })[];
  readonly output: TensorSpec;
  /** Absent of a layer without weights. */
  readonly weights?: TensorSpecOfWeights;
  /**
   * Of eq. 5: one, of weights with a scale a channel [M], of a concatenation one an input, of a pool or a table
   * none. A sum (eq. 9) has one an input too, not singles: mantissa / 2^shift; a PReLU (eq. 12) those from 0 on
   * and below.
   */
  readonly multipliers: readonly (SingleMultiplier & { readonly value: number })[];
  /** Bounds of the output byte. */
  readonly low: number;
  readonly high: number;
  /** Multiply-accumulates for one image. */
  readonly macs: number;
  readonly weightBytes: number;
  readonly biasBytes: number;
  readonly outputBytes: number;
}

interface TensorSpecOfWeights {
  /** conv2d: [kh, kw, C / groups, M]; transposedConv2d: [kh, kw, C, M]; depthwiseConv2d: [kh, kw, C, depthMultiplier]; fullyConnected: [1, 1, K, M]. */
  readonly shape: readonly number[];
  /** One for all weights, or [M], one a channel of the output. */
  readonly scale: number | readonly number[];
  readonly zeroPoint: number;
}

/** The layers of a network in the order in which they run. */
export function layerTable(model: Tf8Model): readonly LayerRow[] {
  const specs = tensorSpecs(model);
  const data = new Uint8Array(0);
  return model.nodes.map((node) => {
    const inputs = node.inputs.map((name) => ({ name, ...specOf(byName(specs, name)) }));
    const tensors = {
      batch: 1,
      inputs: inputs.map((spec) => ({ ...spec, data })),
      output: data,
      rounding: model.rounding,
    };
    const call = kernelCall(node, tensors);
    const { low = 0, high = 255 } = call.call as { low?: number; high?: number };
    const weighted = isWeighted(node) ? node : undefined;
    return {
      name: node.name,
      op: node.op,
      inputs,
      output: node.output,
      ...(weighted && {
        weights: {
          shape: weighted.weights.shape,
          scale: ofScales(weighted.weights.quantization, (scale) => scale),
          zeroPoint: weighted.weights.quantization.zeroPoint,
        },
      }),
      multipliers: multipliersOf(call),
      low,
      high,
      macs: operationOf(node).macs(node),
      weightBytes: weighted?.weights.data.length ?? 0,
      biasBytes: weighted?.bias.byteLength ?? 0,
      outputBytes: elements(node.output.shape),
    };
  });
}

function specOf({ shape, quantization }: TensorSpec): TensorSpec {
  return { shape, quantization };
}

/** Whatever a call multiplies by, by the names that calls have for it. */
function multipliersOf({ call }: KernelCall): LayerRow['multipliers'] {
  const rounding = 'rounding' in call ? call.rounding : undefined;
  const single = (value: number) => {
    const { mantissa, shift } = integersOf(value, rounding);
    return { value: mantissa / 2 ** shift, mantissa, shift };
  };
  if ('multiplier' in call) return [call.multiplier].flat().map(single);
  if ('aMultiplier' in call) {
    const { aMultiplier, bMultiplier, shift } = call;
    return [aMultiplier, bMultiplier].map((mantissa) => ({
      value: mantissa / 2 ** shift,
      mantissa,
      shift,
    }));
  }
  if ('positive' in call) {
    return [call.positive, call.negative].map(({ mantissa, shift }) => ({
      value: mantissa * 2 ** (shift - 31),
      mantissa,
      shift: 31 - shift,
    }));
  }
  if ('inputs' in call) return call.inputs.map(({ multiplier }) => single(multiplier));
  return [];
}

/** Mantissa / 2^shift: of eq. 5 a single's 24 bits, of eq. 16 the 31 bits that integers multiply by. */
function integersOf(value: number, rounding: RoundingName | undefined): SingleMultiplier {
  if (rounding === undefined) return singleMultiplier(value);
  const { mantissa, exponent } = fixedMultiplier(value);
  return { mantissa, shift: 31 - exponent };
}
