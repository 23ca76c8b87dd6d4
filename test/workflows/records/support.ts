import { accuracyRow, type SeedFigures } from '../../../workflows/records/accuracy_row.ts';
import type { RunRecord, RunTiming } from '../../../workflows/records/run_record.ts';

export const DESCRIPTION = {
  row: 'standard',
  network: 'standard',
  dataset: 'cifar10',
  paper: { floatTop1Percent: 70.5, tf8Top1Percent: 1.8 },
  recipe: 'published weights, finetune at 96 × 96, 2 epochs × 10000 images',
};

export function seedFigures(seed: number, float: number, tf8: number): SeedFigures {
  return {
    seed,
    images: 500,
    floatTop1Percent: float,
    tf8Top1Percent: tf8,
    weightsSha256: '0'.repeat(64),
    record: `networks/standard-${seed}`,
  };
}

export const RECORD: RunRecord = {
  name: 'reproduce-cifar10-standard',
  command: 'npx tf8 reproduce --dataset cifar10 --preset standard',
  configuration: { seeds: [0, 1] },
  environment: {
    tf8: '0.1.0',
    commit: '0123456789abcdef',
    node: '20.19.0',
    backend: 'tensorflow 2.15.1',
    processor: 'a processor',
    threads: 2,
  },
  data: { cifar10: { dataset: 'cifar10', sha256: 'a' } },
  kernelTier: 'wasm',
  rows: [accuracyRow(DESCRIPTION, [seedFigures(0, 80, 70), seedFigures(1, 82, 70)])],
  networks: { 'networks/standard-0': { weightsSha256: 'b' } },
  notes: ['InceptionV3 is left out.'],
};

export const TIMING: RunTiming = {
  seconds: 3,
  rows: { standard: { trainingSeconds: 125, measuringSeconds: 61 } },
};
