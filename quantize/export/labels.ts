import { outputNode, type Tf8Model } from '../model/tf8_model.ts';

/**
 * A name for each output of the network; outputs in front of the first class are "background".
 * Undefined where the model knows no names, or not one for each output.
 */
export function outputLabels(model: Tf8Model): readonly string[] | undefined {
  const labels = [...Array<string>(model.labelOffset).fill('background'), ...model.classNames];
  return labels.length === outputNode(model).output.shape[2] ? labels : undefined;
}
