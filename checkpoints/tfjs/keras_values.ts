/** Values of Keras' configurations, which each of its versions wraps in other ways. */

export type Fields = Readonly<Record<string, unknown>>;

/** Deeper than any configuration. */
const MAX_DEPTH = 64;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** "inbound_nodes" of "inboundNodes", which TensorFlow.js writes in memory. */
export function snakeCase(text: string): string {
  return text.replace(
    /([a-z0-9])([A-Z])/g,
    (_, before: string, next: string) => `${before}_${next.toLowerCase()}`,
  );
}

/**
 * A value without what Keras puts around numbers of NumPy, tensors and tuples:
 * {class_name: "__numpy__", config: {value: 6, dtype: "float32"}} is 6.
 */
export function plainValue(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => plainValue(item, depth + 1));
  if (!isFields(value)) return value;
  const config = isFields(value.config) ? value.config : {};
  switch (value.class_name ?? value.type) {
    case '__numpy__':
    case '__tensor__':
      return plainValue(config.value, depth + 1);
    case '__tuple__':
    case 'TensorShape':
    case '__TensorShape__':
      return plainValue(value.items ?? config.items, depth + 1);
    default:
      return value;
  }
}

/** The numbers of a value in row-major order; undefined where it is none. */
export function numbersIn(value: unknown): number[] | undefined {
  const plain = plainValue(value);
  if (typeof plain === 'number') return [plain];
  if (!Array.isArray(plain)) return undefined;
  const parts = plain.map(numbersIn);
  return parts.includes(undefined) ? undefined : (parts as number[][]).flat();
}

/** The type that a layer computes in: its policy's name, such as "float32" or "mixed_float16". */
export function dtypeName(value: unknown): string | undefined {
  if (value === null || value === undefined) return 'float32';
  if (typeof value === 'string') return value;
  if (!isFields(value)) return undefined;
  const { class_name: className, config } = value;
  const isPolicy = className === 'DTypePolicy' || className === 'Policy';
  const name = isPolicy && isFields(config) ? config.name : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** The name of a function, or that of a layer that stands for one; undefined for any other value. */
export function functionName(value: unknown): string | undefined {
  if (value === null || value === undefined) return 'linear';
  if (typeof value === 'string') return value;
  if (!isFields(value)) return undefined;
  const { class_name: className, config, registered_name: registered } = value;
  if (className === 'function' && typeof config === 'string') {
    const isOwn = typeof registered === 'string' && registered.includes('>');
    return isOwn ? undefined : config;
  }
  return undefined;
}
