import { recorded } from '../records/analysis_record.ts';
import type { Comparable, RunKind, Setting } from './comparable.ts';
import { readComparable } from './read_comparable.ts';

export interface DiffOptions {
  /** Folder of a run or of a training, a run's name in `runsDir`, or a file with the JSON of a result. */
  readonly run: string;
  readonly other: string;
  readonly runsDir: string;
}

/** What one of two runs was. */
export interface ComparedRun {
  /** As it was asked for. */
  readonly run: string;
  readonly kind: RunKind;
  readonly title: string;
}

/** Of the one run and the other; undefined where it has none. */
export interface SettingPair {
  readonly name: string;
  readonly a: Setting | undefined;
  readonly b: Setting | undefined;
}

export interface FigurePair {
  readonly name: string;
  readonly a: number | undefined;
  readonly b: number | undefined;
  /** b − a; undefined where one of them is none, or no number is left. */
  readonly change: number | undefined;
}

export interface LayerPair {
  readonly layer: string;
  readonly in: 'both' | 'a' | 'b';
  readonly figures: readonly FigurePair[];
}

export interface DiffResult {
  readonly a: ComparedRun;
  readonly b: ComparedRun;
  /** Those that differ. */
  readonly settings: readonly SettingPair[];
  readonly environment: readonly SettingPair[];
  /** Names of settings, versions and processor that both have alike. */
  readonly same: readonly string[];
  /** All that either has. */
  readonly figures: readonly FigurePair[];
  /** In the order of the first run; then those that only the other has. */
  readonly layers: readonly LayerPair[];
  /** As JSON has it: "lossless" for an infinite ratio. */
  toJSON(): unknown;
}

/**
 * What differs between two runs: settings, versions and processor, figures, also by layer.
 * @throws UserError where one of them is no run, or damaged
 */
export async function diffRuns({ run, other, runsDir }: DiffOptions): Promise<DiffResult> {
  const a = await readComparable(run, runsDir);
  const b = await readComparable(other, runsDir);
  const settings = pairs(a.settings, b.settings);
  const environment = pairs(a.environment, b.environment);
  const all = [...settings, ...environment];
  const result = {
    a: { run, kind: a.kind, title: a.title },
    b: { run: other, kind: b.kind, title: b.title },
    settings: settings.filter(differs),
    environment: environment.filter(differs),
    same: all.filter((pair) => !differs(pair)).map(({ name }) => name),
    figures: pairs(a.figures, b.figures).map(withChange),
    layers: layerPairs(a, b),
  };
  return { ...result, toJSON: () => recorded(result) };
}

interface Pair<Value> {
  readonly name: string;
  readonly a: Value | undefined;
  readonly b: Value | undefined;
}

function pairs<Value>(
  a: Readonly<Record<string, Value>>,
  b: Readonly<Record<string, Value>>,
): Pair<Value>[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].map((name) => ({ name, a: a[name], b: b[name] }));
}

function differs({ a, b }: SettingPair): boolean {
  return a !== b;
}

function withChange({ name, a, b }: Pair<number>): FigurePair {
  const change = a === undefined || b === undefined ? undefined : a === b ? 0 : b - a;
  return { name, a, b, change: Number.isFinite(change) ? change : undefined };
}

function layerPairs({ layers: a }: Comparable, { layers: b }: Comparable): LayerPair[] {
  const inA = new Map(a.map(({ layer, figures }) => [layer, figures]));
  const inB = new Map(b.map(({ layer, figures }) => [layer, figures]));
  return [...new Set([...inA.keys(), ...inB.keys()])].map((layer) => ({
    layer,
    in: !inB.has(layer) ? 'a' : !inA.has(layer) ? 'b' : 'both',
    figures: pairs(inA.get(layer) ?? {}, inB.get(layer) ?? {}).map(withChange),
  }));
}
