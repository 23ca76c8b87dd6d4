import assert from 'node:assert/strict';
import { LayerFit } from '../../../architectures/rearchitect/fit_layer.ts';
import { type BatchMoments, Moments } from '../../../architectures/rearchitect/moments.ts';
import { numbers, relativeDifference } from './support.ts';

interface Position {
  /** [C] */
  readonly features: readonly number[];
  /** [M] */
  readonly targets: readonly number[];
  /** What the features approximate, [C]. */
  readonly activated: readonly number[];
}

function outer(a: readonly number[], b: readonly number[]): number[] {
  return a.flatMap((x) => b.map((y) => x * y));
}

/** Each position as a term of its own. */
function batchOf(positions: readonly Position[]): BatchMoments {
  const each = (of: (position: Position) => number[]) => positions.map(of);
  return {
    positions: positions.length,
    terms: {
      gram: each(({ features }) => outer(features, features)),
      cross: each(({ features, targets }) => outer(features, targets)),
      features: each(({ features }) => [...features]),
      targets: each(({ targets }) => [...targets]),
      squaredTargets: each(({ targets }) => targets.map((t) => t * t)),
      activated: each(({ features, activated }) => features.map((f, c) => f * activated[c])),
      activatedSum: each(({ activated }) => [...activated]),
    },
  };
}

function momentsOf(positions: readonly Position[]): Moments {
  const moments = new Moments(positions[0].features.length, positions[0].targets.length);
  moments.add(batchOf(positions));
  return moments;
}

const next = numbers(5);
/** u = 2φ + 1 of the first feature; the last feature is 3 everywhere. */
const POSITIONS = Array.from({ length: 20 }, (): Position => {
  const features = [next(), 100 + next(), 3];
  return {
    features,
    targets: [next(), next()],
    activated: [2 * features[0] + 1, next(), next()],
  };
});

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Σ (a − ā)(b − b̄) */
function scatter(a: (p: Position) => number, b: (p: Position) => number): number {
  const [meanA, meanB] = [mean(POSITIONS.map(a)), mean(POSITIONS.map(b))];
  return POSITIONS.reduce((sum, p) => sum + (a(p) - meanA) * (b(p) - meanB), 0);
}

describe('Moments', () => {
  const moments = momentsOf(POSITIONS);
  const feature = (c: number) => (p: Position) => p.features[c];
  const target = (m: number) => (p: Position) => p.targets[m];

  it('gives the scatter around the means of features and targets', () => {
    const live = [0, 1];
    const features = moments.featureScatter().filter((_, i) => i % 3 < 2 && i < 6);
    const expected = live.flatMap((a) => live.map((b) => scatter(feature(a), feature(b))));
    assert.ok(relativeDifference(features, expected) < 1e-9);
    const cross = [0, 1, 2].flatMap((c) => [0, 1].map((m) => scatter(feature(c), target(m))));
    assert.ok(relativeDifference(moments.crossScatter(), cross) < 1e-9);
    const squares = [0, 1].map((m) => scatter(target(m), target(m)));
    assert.ok(relativeDifference(moments.targetScatter(), squares) < 1e-12);
  });

  it('knows the features that are constant', () => {
    assert.deepEqual(moments.constantFeatures(), [2]);
  });

  it('gives the slope of what a feature approximates, 0 where it is constant', () => {
    const [first, , last] = moments.activationSlopes();
    assert.ok(Math.abs(first - 2) < 1e-12);
    assert.equal(last, 0);
  });

  it('is the same of all positions as of two halves', () => {
    const halves = momentsOf(POSITIONS.slice(0, 7)).plus(momentsOf(POSITIONS.slice(7)));
    assert.equal(halves.positions, POSITIONS.length);
    assert.ok(relativeDifference(halves.crossScatter(), moments.crossScatter()) < 1e-12);
  });

  it('keeps the targets that it is asked for', () => {
    const second = moments.withTargets([1]);
    assert.deepEqual(second.targetMeans(), moments.targetMeans().slice(1));
    assert.deepEqual(
      second.crossScatter(),
      moments.crossScatter().filter((_, i) => i % 2 === 1),
    );
  });

  it('says of targets at one position that they do not vary', () => {
    assert.ok(moments.targetsVary());
    const [position] = POSITIONS;
    assert.ok(!momentsOf([position]).targetsVary());
    // In single precision the squares do not fit the sums to the last bit.
    const batch = batchOf([position]);
    const squaredTargets = batch.terms.squaredTargets.map((term) => Array.from(term, Math.fround));
    const rounded = new Moments(3, 2);
    rounded.add({ ...batch, terms: { ...batch.terms, squaredTargets } });
    assert.ok(!rounded.targetsVary());
  });

  it('refuses sums that are not finite, naming them', () => {
    const broken = { ...POSITIONS[0], targets: [Number.NaN, 1] };
    assert.throws(() => momentsOf([broken]), {
      name: 'RearchitectError',
      message: 'Expected finite activations but the sums over 1 positions (cross) are not',
      remedy: /check its weights/,
    });
  });
});

describe('LayerFit', () => {
  it('refuses weights that overflow', () => {
    const position = (scale: number): Position => ({
      features: [1e-100 * scale],
      targets: [1e150 * scale],
      activated: [0],
    });
    const moments = momentsOf([position(0), position(1)]);
    assert.ok(Number.isFinite(new LayerFit(moments, undefined, Float64Array.of(1)).weights[0]));
    const steep = momentsOf([
      { features: [0], targets: [0], activated: [0] },
      { features: [1e-155], targets: [1e154], activated: [0] },
    ]);
    assert.throws(() => new LayerFit(steep, undefined, Float64Array.of(1)), {
      name: 'RearchitectError',
      message: 'Expected finite weights of the fitted layer but some are not',
      remedy: /more images/,
    });
  });
});
