import type { Setting } from '../../workflows/diff/comparable.ts';
import type {
  ComparedRun,
  DiffResult,
  FigurePair,
  LayerPair,
  SettingPair,
} from '../../workflows/diff/diff_runs.ts';
import { markdownTable } from '../../workflows/records/markdown_table.ts';
import { wrapped } from './lines.ts';

/** Characters of a setting: two of them and their name fit on 80 columns. */
const SETTING = 22;
const NAME = 26;

/** Two runs side by side, on 80 columns with MobileNet's names of layers. */
export function showDiff(result: DiffResult): string {
  const { a, b, settings, environment, same, figures } = result;
  return [
    ...runLines('A', a),
    ...runLines('B', b),
    '',
    ...settingsTable('setting', settings),
    ...settingsTable('version or machine', environment),
    ...(same.length === 0 ? [] : [...wrapped(`The same in both: ${same.join(', ')}.`), '']),
    ...figuresTable(figures),
    ...layerLines(result),
  ]
    .join('\n')
    .trimEnd();
}

function runLines(letter: string, { run, kind, title }: ComparedRun): string[] {
  return [`${letter}  ${run}`, ...wrapped(`   ${kind}: ${title}`, '   ')];
}

function settingsTable(title: string, pairs: readonly SettingPair[]): string[] {
  if (pairs.length === 0) return [];
  const rows = pairs.map(({ name, a, b }) => {
    const [left, right] = [text(a), text(b)];
    // The end tells what the beginning does not.
    const alike = left.slice(0, SETTING - 1) === right.slice(0, SETTING - 1);
    return [
      cut(name, NAME),
      ...[left, right].map((value) => (alike ? cutBefore(value) : cut(value, SETTING))),
    ];
  });
  return [markdownTable([title, 'A', 'B'], rows, 3), ''];
}

function text(value: Setting | undefined): string {
  return value === undefined ? '–' : String(value);
}

function cut(value: string, length: number): string {
  return value.length <= length ? value : `${value.slice(0, length - 1)}…`;
}

function cutBefore(value: string): string {
  return value.length <= SETTING ? value : `…${value.slice(1 - SETTING)}`;
}

function figuresTable(figures: readonly FigurePair[]): string[] {
  if (figures.length === 0) return [];
  const rows = figures.map(({ name, a, b, change }) => [
    cut(name, 36),
    figure(a),
    figure(b),
    change === undefined ? '–' : signed(change),
  ]);
  return [markdownTable(['figure', 'A', 'B', 'B − A'], rows, 1), ''];
}

/** What people compare of a layer; the JSON has the rest. */
const SHOWN = [
  ['local', 'localSqnrDb'],
  ['total', 'cumulativeSqnrDb'],
  ['weights', 'weightQuantizationDb'],
] as const;

function layerLines({ layers }: DiffResult): string[] {
  if (layers.length === 0) return [];
  const shared = layers.filter((layer) => layer.in === 'both');
  const changed = shared.filter((layer) => cellsOf(layer).some((cell) => cell.includes('→')));
  const only = (where: 'a' | 'b') => {
    const names = layers.filter((layer) => layer.in === where).map(({ layer }) => layer);
    return names.length === 0
      ? []
      : wrapped(`Layers only in ${where.toUpperCase()}: ${names.join(', ')}.`);
  };
  return [
    ...(changed.length === 0
      ? []
      : [
          'Signal to noise by layer in dB, A → B: alone, up to here, of its weights',
          '',
          markdownTable(
            ['layer', ...SHOWN.map(([title]) => title)],
            changed.map((layer) => [layer.layer, ...cellsOf(layer)]),
            1,
          ),
          '',
        ]),
    ...(shared.length > changed.length
      ? [`Layers alike to a tenth of a decibel: ${shared.length - changed.length}.`]
      : []),
    ...only('a'),
    ...only('b'),
  ];
}

function cellsOf({ figures }: LayerPair): string[] {
  return SHOWN.map(([, name]) => {
    const pair = figures.find((other) => other.name === name);
    const [a, b] = [decibels(pair?.a), decibels(pair?.b)];
    return a === b ? a : `${a} → ${b}`;
  });
}

function decibels(db: number | undefined): string {
  if (db === undefined || db === Infinity) return '–';
  return db === -Infinity ? 'no signal' : db.toFixed(1).replace('-', '−');
}

function figure(value: number | undefined): string {
  if (value === undefined) return '–';
  return Number.isFinite(value) ? String(Number(value.toFixed(3))) : decibels(value);
}

function signed(value: number): string {
  const rounded = Number(value.toFixed(3));
  return rounded > 0 ? `+${rounded}` : String(rounded).replace('-', '−');
}
