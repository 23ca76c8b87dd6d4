import { weightParams } from '../params/weight_params.ts';
import {
  type ChannelParams,
  LEAST_SYMMETRIC_BYTE,
  SYMMETRIC_ZERO_POINT,
} from '../params/weight_quantization.ts';
import { columnsOf } from './ridge_refit.ts';
import { inForm, powerOfTwoRange } from './scale_forms.ts';
import type { LayerTerms, WeightParts } from './tensor_weights.ts';
import { reachOf, weightReach } from './weight_range.ts';

/** Steps from 0 to the end of the range: 127, as LiteRT's specification has it of weights a channel. */
const STEPS = SYMMETRIC_ZERO_POINT - LEAST_SYMMETRIC_BYTE;

/** The parameters of a layer's weights at what its biases ask for, one symmetric range a channel of the output. */
export function columnParams({ kernel, own, variances, choice, scales }: WeightParts) {
  return ({ biasMax, ...terms }: LayerTerms) => {
    const outputs = biasMax.length;
    const inputs = kernel.length / outputs;
    const reaches = columns(outputs, (m) =>
      weightReach(
        columnsOf(kernel, inputs, outputs, m, 1),
        choice.range,
        variances && columnOf(variances, inputs, outputs, m),
      ),
    );
    // A channel of zeros takes the layer's coarsest scale: any would do, and its bias is not much of it.
    const coarsest = reaches.reduce((most, reach) => Math.max(most, reach), 0);
    const params = reaches.map((reach, m) => {
      const range = rangeOf(reach > 0 ? reach : coarsest);
      const form = scales === undefined ? range : powerOfTwoRange(range);
      const { params } = weightParams(form, { ...terms, biasMax: biasMax[m] });
      return inForm(params.scale, scales);
    });
    const quantization: ChannelParams = { scales: params, zeroPoint: SYMMETRIC_ZERO_POINT };
    const shares = columns(outputs, (m) => {
      const width = reachOf(columnsOf(own, inputs, outputs, m, 1));
      return width === 0 ? 1 : reaches[m] / width;
    });
    return {
      quantization,
      rangeShare: shares.reduce((sum, share) => sum + share, 0) / outputs,
      raisedBy: 1,
    };
  };
}

/** The range whose zero point is 128, whose byte 255 is `reach` and whose byte 1 is −reach. */
function rangeOf(reach: number) {
  return { min: (-reach * SYMMETRIC_ZERO_POINT) / STEPS, max: reach };
}

function columns<Value>(count: number, make: (m: number) => Value): Value[] {
  return Array.from({ length: count }, (_, m) => make(m));
}

function columnOf(values: Float64Array, rows: number, count: number, m: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, k) => values[k * count + m]);
}
