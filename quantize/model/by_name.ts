import { QuantizationError } from '../params/errors.ts';

/**
 * What a map by the names of tensors or layers has for one of them.
 * @throws QuantizationError where it has nothing of that name: a checked model names only its own
 */
export function byName<Value>(map: ReadonlyMap<string, Value>, name: string): Value {
  const value = map.get(name);
  if (value !== undefined) return value;
  throw new QuantizationError(
    `Expected something of the name ${name} but none of the ${map.size} here has it`,
    { remedy: 'Check the model, or make it again.' },
  );
}
