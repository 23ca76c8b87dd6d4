import { UserError } from '../foundation/errors.ts';
import type { Reporter } from '../foundation/reporting/reporter.ts';
import { abbreviated } from './abbreviated.ts';
import type { LabelledDataset } from './dataset.ts';
import { relabelled } from './relabelled.ts';

/**
 * The data set with the classes of a network, in their order; itself where it has them already. Classes
 * that it lacks are warned of.
 * @param classNames the network's
 * @param network what messages call it
 * @throws UserError where it has a class that the network does not know
 */
export function inClassOrder(
  dataset: LabelledDataset,
  classNames: readonly string[],
  network: string,
  reporter: Reporter,
): LabelledDataset {
  const own = dataset.classNames;
  if (own.length === classNames.length && own.every((name, n) => name === classNames[n])) {
    return dataset;
  }
  const labels = Int32Array.from(own, (name) => classNames.indexOf(name));
  if (labels.includes(-1)) {
    throw new UserError(
      `Expected the ${classNames.length} classes of ${network} (${abbreviated(classNames)}) in ${dataset.origin} but found ${own.length} (${abbreviated(own)}).`,
      { remedy: "Name the folders by the model's classes, or pass a model of these classes." },
    );
  }
  const missing = classNames.filter((name) => !own.includes(name));
  if (missing.length > 0) {
    reporter.warn(`${dataset.origin} has no images of ${abbreviated(missing)}`);
  }
  return relabelled(dataset, classNames, (label) => labels[label]);
}
