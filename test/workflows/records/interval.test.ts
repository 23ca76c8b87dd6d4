import assert from 'node:assert/strict';
import type { ComparedFigures } from '../../../workflows/records/comparison_record.ts';
import { intervalOf } from '../../../workflows/records/interval.ts';

function figures(changes: Partial<ComparedFigures>): ComparedFigures {
  return {
    images: 400,
    top1: 90,
    top5: 98,
    onlyFloatRight: 8,
    onlyTf8Right: 4,
    agreement: 97,
    sqnrDb: 20,
    ...changes,
  };
}

describe('intervalOf', () => {
  it('of one subset is that of shares of its images, and of paired differences', () => {
    const { top1, loss, agreement } = intervalOf([figures({})]);
    assert.ok(Math.abs(top1! - 1.96 * 100 * Math.sqrt((0.9 * 0.1) / 400)) < 1e-9);
    assert.ok(Math.abs(agreement! - 1.96 * 100 * Math.sqrt((0.97 * 0.03) / 400)) < 1e-9);
    // 12 of 400 images change, by one in a hundred on the whole.
    const variance = 12 / 400 - 0.01 ** 2;
    assert.ok(Math.abs(loss! - 1.96 * 100 * Math.sqrt(variance / 400)) < 1e-9);
  });

  it('of several has the spread between them as well', () => {
    const one = intervalOf([figures({})]);
    const alike = intervalOf([figures({}), figures({})]);
    const apart = intervalOf([figures({ agreement: 95 }), figures({ agreement: 99 })]);
    assert.deepEqual(alike, one);
    // s² / K = 8 / 2
    assert.ok(Math.abs(apart.agreement! ** 2 - one.agreement! ** 2 - 1.96 ** 2 * 4) < 1e-9);
  });

  it('has none where there are no classes', () => {
    const none = { top1: null, top5: null, onlyFloatRight: null, onlyTf8Right: null };
    assert.deepEqual(intervalOf([figures({ ...none, agreement: null })]), {
      top1: null,
      loss: null,
      agreement: null,
    });
  });
});
