import assert from 'node:assert/strict';
import { planRows } from '../../../workflows/reproduce/plan.ts';
import { presetOf } from '../../../workflows/reproduce/presets.ts';
import { tableTraining } from '../../../workflows/reproduce/table_training.ts';

function trainingOf(dataset: string, name: string, seeds: readonly number[]) {
  const preset = presetOf(dataset, name);
  return tableTraining(planRows({ preset, seeds, withPublishedRows: false }), preset);
}

/** Seconds of an estimate. */
function secondsOf(training: ReturnType<typeof trainingOf>): number {
  assert.ok(training !== undefined && 'seconds' in training.length);
  return training.length.seconds;
}

describe('tableTraining', () => {
  it('is the step of the longest training at its resolution and batch', () => {
    const { shape } = trainingOf('fashion-mnist', 'quick', [0])!;
    assert.equal(shape.config.network, 'mobilenet_v1');
    assert.deepEqual([shape.config.resolution, shape.batchSize], [64, 64]);
  });

  it('lasts as long as the trainings of all rows and seeds, each once', () => {
    const one = secondsOf(trainingOf('fashion-mnist', 'quick', [0]));
    const two = secondsOf(trainingOf('fashion-mnist', 'quick', [0, 1]));
    assert.ok(Math.abs(two - 2 * one) < 1e-9);
  });

  it('counts what a re-architecture trains', () => {
    const preset = presetOf('fashion-mnist', 'quick');
    const { standard, friendly } = preset.networks;
    const without = { ...preset, networks: { standard, friendly } } as typeof preset;
    const rows = planRows({ preset: without, seeds: [0], withPublishedRows: false });
    const whole = secondsOf(trainingOf('fashion-mnist', 'quick', [0]));
    assert.ok(secondsOf(tableTraining(rows, without)) < whole);
  });
});
