import { tenth } from '../../charts/format.ts';
import { type ColourName, colour, WIDTH } from '../../charts/style.ts';
import type { ComparedRow } from '../../records/comparison_record.ts';
import type { Figure, KeyEntry } from '../figure.ts';

const HEIGHT = 260;

/** Lines beyond these are left out: colours would not tell them apart. */
const COLOURS: readonly ColourName[] = ['blue', 'vermilion', 'green', 'purple', 'orange'];

/** A recipe with one number of calibration images. */
interface Point {
  readonly recipe: string;
  readonly images: number;
  readonly agreement: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Agreement with float over the number of calibration images, with 95 % intervals; undefined where no
 * recipe has several numbers, or the outputs no classes.
 */
export function calibrationFigure(rows: readonly ComparedRow[]): Figure | undefined {
  const points = rows.flatMap(
    ({ profile, calibrationImages: images, agreement, interval, ...row }) => {
      if (images === undefined || agreement === null) return [];
      const recipe = profile === undefined ? row.recipe : `${row.recipe}, ${profile}`;
      const half = interval.agreement ?? 0;
      const [low, high] = [Math.max(0, agreement - half), Math.min(100, agreement + half)];
      return [{ recipe, images, agreement, low, high }];
    },
  );
  const recipes = [...new Set(points.map(({ recipe }) => recipe))]
    .filter((name) => points.filter(({ recipe }) => recipe === name).length > 1)
    .slice(0, COLOURS.length);
  if (recipes.length === 0) return undefined;
  const shown = points.filter(({ recipe }) => recipes.includes(recipe));
  const key: KeyEntry[] = recipes.map((label, at) => ({
    label,
    colour: COLOURS[at],
    shape: 'circle',
  }));
  return {
    name: 'calibration',
    title: 'Agreement with float over the number of calibration images',
    description: shown.map(inWords).join(' '),
    key,
    spec: specificationOf(shown, recipes),
  };
}

function specificationOf(shown: readonly Point[], recipes: readonly string[]): Figure['spec'] {
  const x = {
    field: 'images',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, nice: false },
    axis: {
      title: 'calibration images',
      values: [...new Set(shown.map(({ images }) => images))],
      grid: false,
    },
  };
  const color = {
    field: 'recipe',
    type: 'nominal' as const,
    scale: { domain: [...recipes], range: recipes.map((_, at) => colour(COLOURS[at])) },
    legend: null,
  };
  const y = (field: keyof Point) => ({
    field,
    type: 'quantitative' as const,
    scale: { zero: false },
    axis: { title: 'agreement (%)', tickCount: 5 },
  });
  const tooltip = [
    { field: 'recipe', title: 'recipe' },
    { field: 'images', title: 'calibration images' },
    { field: 'agreement', title: 'agreement %', format: '.1f' },
  ];
  return {
    width: WIDTH,
    height: HEIGHT,
    datasets: { curve: shown },
    data: { name: 'curve' },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 1.5 },
        encoding: { x, y: y('low'), y2: { field: 'high' }, color },
      },
      { mark: { type: 'line', strokeWidth: 2 }, encoding: { x, y: y('agreement'), color } },
      {
        mark: { type: 'point', filled: true, size: 60 },
        encoding: { x, y: y('agreement'), color, tooltip },
      },
    ],
  };
}

function inWords({ recipe, images, agreement, low, high }: Point): string {
  return `${recipe} on ${images} images: ${tenth(agreement)} % (${tenth(low)} to ${tenth(high)}).`;
}
