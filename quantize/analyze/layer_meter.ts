import {
  type FloatNode,
  type FloatWeightedNode,
  isActivated,
  isWeightedFloat,
} from '../../architectures/graph/float_node.ts';
import { isWeighted, type TensorSpec, type Tf8Node } from '../model/tf8_model.ts';
import { EnergyMeter } from './energy_meter.ts';
import type { FloatKernels } from './float_kernels.ts';
import type { LayerInTf8 } from './layer_in_tf8.ts';
import type { LayerFacts, LayerSums } from './layer_sums.ts';
import { realValues } from './real_values.ts';
import { Relu6Meter } from './relu6_meter.ts';
import { SqnrMeter } from './sqnr_meter.ts';
import { withStoredWeights } from './stored_weights.ts';
import { type Activations, TensorMeter } from './tensor_meter.ts';
import { analyzeWeights } from './weight_analysis.ts';

export interface MeteredLayer {
  readonly exact: FloatNode;
  readonly stored: Tf8Node;
  /** Specifications of the inputs in the TF8 model. */
  readonly inputs: readonly TensorSpec[];
  readonly inTf8: LayerInTf8;
}

/** What one layer loses, by cause, over all images; README.md has the formulas. */
export class LayerMeter {
  private readonly layer: MeteredLayer;
  private readonly floats: FloatKernels;
  private readonly storedWeights: FloatWeightedNode | undefined;
  private readonly tensor: TensorMeter;
  private readonly relu6 = new Relu6Meter();
  private readonly local = new SqnrMeter();
  private readonly cumulative = new SqnrMeter();
  private readonly byInput = new EnergyMeter();
  private readonly byWeights = new EnergyMeter();
  /** [256] of the output's bytes. */
  private readonly reals: Float32Array;

  constructor(layer: MeteredLayer, floats: FloatKernels) {
    const { exact, stored, inputs } = layer;
    this.layer = layer;
    this.floats = floats;
    this.tensor = new TensorMeter(stored.output);
    this.reals = realValues(stored.output.quantization);
    if (isWeightedFloat(exact) && isWeighted(stored)) {
      this.storedWeights = withStoredWeights(exact, stored, inputs[0]);
    }
  }

  /**
   * @param inputs the layer's exact inputs
   * @param inNetwork the layer's output in the whole TF8 network, [N, H, W, C] uint8
   * @returns the layer's exact output
   */
  add(inputs: readonly Activations[], inNetwork: Uint8Array, batch: number): Activations {
    const { exact, inTf8 } = this.layer;
    const output = this.tensor.add(this.exactOutput(inputs, batch), batch);
    const rounded = inputs.map(({ dequantized, shape }) => ({ values: dequantized, shape }));
    compare(output, this.floats.run(exact, rounded, batch), this.byInput);
    if (this.storedWeights !== undefined) {
      compare(output, this.floats.run(this.storedWeights, inputs, batch), this.byWeights);
    }
    const alone = inTf8.run(
      inputs.map(({ bytes }) => bytes),
      batch,
    );
    const { values, energies } = output;
    this.local.compareBytes(values, alone, this.reals, energies);
    this.cumulative.compareBytes(values, inNetwork, this.reals, energies);
    return output;
  }

  /** What images do not change. */
  facts(): LayerFacts {
    const { exact, stored, inputs } = this.layer;
    const { name, op, output } = stored;
    const batchNorm = isWeightedFloat(exact) ? exact.batchNorm : undefined;
    return {
      name,
      op,
      inputs: exact.inputs,
      activation: 'activation' in stored ? stored.activation : 'linear',
      output: { shape: output.shape, quantization: output.quantization },
      deadChannels: op === 'depthwiseConv2d' ? (batchNorm?.deadChannels.length ?? 0) : 0,
      ...(isWeightedFloat(exact) &&
        isWeighted(stored) && {
          weights: analyzeWeights(exact, stored, inputs[0].quantization),
        }),
    };
  }

  sums(): LayerSums {
    return {
      output: this.tensor.sums(),
      relu6: this.relu6.sums(),
      local: this.local.sums(),
      cumulative: this.cumulative.sums(),
      byInput: this.byInput.sums(),
      byWeights: this.byWeights.sums(),
    };
  }

  private exactOutput(inputs: readonly Activations[], batch: number): Float32Array {
    const { exact } = this.layer;
    if (!isActivated(exact) || exact.activation !== 'relu6') {
      return this.floats.run(exact, inputs, batch);
    }
    return this.relu6.clip(this.floats.run({ ...exact, activation: 'relu' }, inputs, batch), batch);
  }
}

function compare(
  { values, energies }: Activations,
  approximation: Float32Array,
  meter: EnergyMeter,
): void {
  meter.compare(values, approximation, energies.length, energies);
}
