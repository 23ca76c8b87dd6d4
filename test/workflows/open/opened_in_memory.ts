import type * as tf from '@tensorflow/tfjs';
import { networkOfLayers } from '../../../architectures/graph/float_network.ts';
import { importedFacts } from '../../../workflows/open/float_facts.ts';
import { SYMMETRIC } from '../../../workflows/open/model_facts.ts';
import { OpenedFloatModel } from '../../../workflows/open/open_model.ts';

/** A network that was never stored, as if another program had saved it. */
export function openedInMemory(model: tf.LayersModel, name: string): OpenedFloatModel {
  const network = networkOfLayers(model);
  const imported = {
    network,
    format: 'tfjs LayersModel',
    config: undefined,
    foldedBatchNorms: [],
  } as const;
  return new OpenedFloatModel(
    name,
    network,
    importedFacts(imported, { name, source: name, range: SYMMETRIC }),
  );
}
