import type * as tf from '@tensorflow/tfjs';
import { importedFacts } from '../../../workflows/open/float_facts.ts';
import { SYMMETRIC } from '../../../workflows/open/model_facts.ts';
import type { OpenedFloatModel } from '../../../workflows/open/open_model.ts';

/** A network that was never stored, as if another program had saved it. */
export function openedInMemory(model: tf.LayersModel, name: string): OpenedFloatModel {
  const imported = {
    model,
    format: 'tfjs LayersModel',
    config: undefined,
    foldedBatchNorms: [],
  } as const;
  return {
    kind: 'float',
    name,
    model,
    facts: importedFacts(imported, { name, source: name, range: SYMMETRIC }),
  };
}
