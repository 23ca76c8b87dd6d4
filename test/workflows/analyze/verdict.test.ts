import assert from 'node:assert/strict';
import { type Judged, verdictOf } from '../../../workflows/analyze/verdict.ts';

const DEAD = [{ cause: 'deadChannels', cost: { layer: 0.5, cause: 0.7 } }] as const;
const CLIPPED = [{ cause: 'relu6Clipping', cost: { layer: 0, cause: 0 } }] as const;

function judged(lost: number, found: number, diagnosis: Judged['diagnosis'] = []): Judged {
  const [float, tf8] = [70, 70 - lost + found];
  const accuracy = {
    images: 100,
    float: { top1: float, top5: 90 },
    tf8: { top1: tf8, top5: 90 },
    onlyFloatRight: lost,
    onlyTf8Right: found,
  };
  return { images: 100, agreement: { images: 100, agreeing: 100 - lost }, accuracy, diagnosis };
}

describe('verdictOf', () => {
  it('says how many points are lost, and by what', () => {
    assert.equal(
      verdictOf(judged(68, 1, DEAD)),
      'TF8 loses 67.0 points of top-1 (float 70.0 %, TF8 3.0 %): dead channels',
    );
  });

  it('says of a difference that chance makes that nothing is lost', () => {
    const nothing = 'TF8 loses nothing that 100 images show (top-1: float 70.0 %, TF8 69.0 %)';
    assert.equal(verdictOf(judged(3, 2, DEAD)), nothing);
    assert.match(verdictOf(judged(1, 4)), /^TF8 loses nothing .* TF8 73\.0 %\)$/);
  });

  it('takes agreement with float where nobody knows the classes', () => {
    const { accuracy: _, ...unlabelled } = judged(66, 0, DEAD);
    assert.equal(
      verdictOf(unlabelled),
      'TF8 agrees with float on 34 of 100 first classes: dead channels',
    );
  });

  it('never blames ReLU6, which clips in float too', () => {
    assert.match(verdictOf(judged(20, 0, CLIPPED)), /: no layer stands out$/);
  });

  it('fits on a line of 80 columns', () => {
    const causes = ['weightRange', 'deadChannels', 'activationRequantization'] as const;
    for (const cause of causes) {
      const verdict = verdictOf(judged(60, 0, [{ cause, cost: { layer: 1, cause: 1 } }]));
      assert.ok(verdict.length <= 80, verdict);
    }
  });
});
