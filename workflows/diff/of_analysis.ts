import type { LayerAnalysis } from '../../quantize/analyze/analysis.ts';
import type { WordedAnalysis } from '../records/analysis_record.ts';
import type { LayerFigures } from './comparable.ts';

/** What an analysis found of the whole network. */
export function analysisFigures({
  accuracy,
  agreement,
  input,
}: Pick<WordedAnalysis, 'accuracy' | 'agreement' | 'input'>): Record<string, number> {
  return {
    ...(accuracy && {
      'float top-1 %': accuracy.float.top1,
      'float top-5 %': accuracy.float.top5,
      'TF8 top-1 %': accuracy.tf8.top1,
      'TF8 top-5 %': accuracy.tf8.top5,
    }),
    ...(agreement && { 'agreement %': (100 * agreement.agreeing) / agreement.images }),
    'logits, input alone dB': input.logitsDb,
  };
}

export function layerFigures(layers: readonly LayerAnalysis[]): readonly LayerFigures[] {
  return layers.map((layer) => ({
    layer: layer.name,
    figures: {
      localSqnrDb: layer.localSqnrDb,
      cumulativeSqnrDb: layer.cumulativeSqnrDb,
      inputQuantizationDb: layer.causes.inputQuantization,
      weightQuantizationDb: layer.causes.weightQuantization,
      saturationDb: layer.causes.saturation,
      activationRequantizationDb: layer.causes.activationRequantization,
      logitsOnlyWeightsDb: layer.logits.onlyWeights,
      logitsOnlyOutputDb: layer.logits.onlyOutput,
      deadChannels: layer.deadChannels,
      scale: layer.output.quantization.scale,
      zeroPoint: layer.output.quantization.zeroPoint,
    },
  }));
}
