import assert from 'node:assert/strict';
import fc from 'fast-check';
import { accuracyRow, accuracyRowSchema } from '../../../workflows/records/accuracy_row.ts';
import { DESCRIPTION, seedFigures } from './support.ts';

describe('accuracyRow', () => {
  it('has the means over the seeds, and the sample standard deviations', () => {
    const row = accuracyRow(DESCRIPTION, [
      seedFigures(0, 80, 70),
      seedFigures(1, 82, 73),
      seedFigures(2, 84, 70),
    ]);
    assert.deepEqual(
      [row.floatTop1Percent, row.tf8Top1Percent, row.lossPoints],
      [82, 71, 11], // losses 10, 9, 14
    );
    assert.deepEqual(row.spread, {
      floatTop1Percent: 2,
      tf8Top1Percent: Math.sqrt(3),
      lossPoints: Math.sqrt(7),
    });
  });

  it('has no spread for one seed', () => {
    const row = accuracyRow(DESCRIPTION, [seedFigures(4, 80, 70)]);
    assert.equal(row.spread, undefined);
    assert.deepEqual(row.perSeed, [seedFigures(4, 80, 70)]);
  });

  it('the mean of the losses is the loss of the means', () => {
    const percent = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(percent, percent), { minLength: 1 }), (pairs) => {
        const row = accuracyRow(
          DESCRIPTION,
          pairs.map(([float, tf8], seed) => seedFigures(seed, float, tf8)),
        );
        assert.ok(Math.abs(row.floatTop1Percent - row.tf8Top1Percent - row.lossPoints) < 1e-9);
      }),
    );
  });

  it('is what its schema reads back from JSON', () => {
    const row = accuracyRow(DESCRIPTION, [seedFigures(0, 80, 70), seedFigures(1, 81, 70)]);
    assert.deepEqual(accuracyRowSchema.parse(JSON.parse(JSON.stringify(row))), row);
  });
});
