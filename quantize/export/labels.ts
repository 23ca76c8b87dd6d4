import { isVector, outputNode, type Tf8Model } from '../model/tf8_model.ts';

/**
 * A name for each number of the output of classes (`outputNode`); those in front of the first class are
 * "background". Undefined where the model knows no names, or not one for each number, or has no such output.
 */
export function outputLabels(model: Tf8Model): readonly string[] | undefined {
  const labels = [...Array<string>(model.labelOffset).fill('background'), ...model.classNames];
  const { output } = outputNode(model);
  return isVector(output) && labels.length === output.shape[2] ? labels : undefined;
}
