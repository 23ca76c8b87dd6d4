/** A value that a run was told, or was made with. */
export type Setting = string | number | boolean | null;

export const RUN_KINDS = ['analysis', 'table', 'training', 'evaluation'] as const;
export type RunKind = (typeof RUN_KINDS)[number];

/** A run as far as another can be compared with it. */
export interface Comparable {
  readonly kind: RunKind;
  /** What was run, in words. */
  readonly title: string;
  /** What it was told, and on what: options, data and weights by their hashes. */
  readonly settings: Readonly<Record<string, Setting>>;
  /** Versions and processor. */
  readonly environment: Readonly<Record<string, Setting>>;
  /** What it found, by name with unit. */
  readonly figures: Readonly<Record<string, number>>;
  /** And of each layer, in execution order. */
  readonly layers: readonly LayerFigures[];
}

export interface LayerFigures {
  readonly layer: string;
  readonly figures: Readonly<Record<string, number>>;
}

/** Settings within settings by dotted names: { data: { seed: 1 } } as { "data.seed": 1 }; a list is one value. */
export function flat(
  value: Readonly<Record<string, unknown>>,
  prefix = '',
): Record<string, Setting> {
  const settings: Record<string, Setting> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    if (typeof inner === 'object' && inner !== null) {
      if (Array.isArray(inner)) settings[prefix + name] = JSON.stringify(inner);
      else Object.assign(settings, flat(inner as Record<string, unknown>, `${prefix}${name}.`));
    } else settings[prefix + name] = inner as Setting;
  }
  return settings;
}
