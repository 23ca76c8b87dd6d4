import assert from 'node:assert/strict';
import { checkPeer } from '../../../bench/executor/agreement.ts';

const LOGITS = [
  [1, 10, 2],
  [10, 3, 0],
  [0, 1, 10],
  [0, 10, 1],
];

describe('checkPeer', () => {
  it('allows float logits the differences of rounding', () => {
    const near = LOGITS.map((logits) => logits.map((logit) => logit + 0.005));
    const { top1, correlation } = checkPeer(near, LOGITS, 'float');
    assert.equal(top1, 1);
    assert.ok(correlation > 0.999_999);
  });

  it('refuses float logits that differ by more, though the classes agree', () => {
    const far = LOGITS.map((logits) => logits.map((logit) => logit * 1.01));
    assert.throws(() => checkPeer(far, LOGITS, 'float'), {
      name: 'UserError',
      message: 'Expected the logits of the float network but they differ by 0.010 of the largest',
    });
  });

  it('allows eight bits any scale and zero point, and some other classes', () => {
    const bytes = LOGITS.map((logits) => Uint8Array.from(logits, (logit) => 20 * logit + 30));
    assert.deepEqual(checkPeer(bytes, LOGITS, 'quantized'), { top1: 1, correlation: 1 });
    const other = [[10, 9, 2], ...bytes.slice(1)];
    const { top1, correlation } = checkPeer(other, LOGITS, 'quantized');
    assert.equal(top1, 0.75);
    assert.ok(correlation > 0.7 && correlation < 0.9, `${correlation}`);
  });

  it('tells eight bits that have nothing of the network by their correlation', () => {
    const equal = LOGITS.map((logits) => logits.map(() => 7));
    assert.equal(checkPeer(equal, LOGITS, 'quantized').correlation, 0);
  });

  it('refuses outputs that are not finite, missing or too few', () => {
    const notFinite = [[1, Number.NaN, 2], ...LOGITS.slice(1)];
    const short = LOGITS.map((logits) => logits.slice(1));
    for (const wrong of [notFinite, LOGITS.slice(1), short]) {
      assert.throws(() => checkPeer(wrong, LOGITS, 'quantized'), {
        name: 'UserError',
        message: 'Expected 3 finite outputs for each of 4 images but they are not',
      });
    }
  });
});
