import assert from 'node:assert/strict';
import type { ProfileAnalysis } from '../../../quantize/analyze/analysis.ts';
import { profileCaption, profileWords } from '../../../workflows/records/profile_table.ts';

const layer = (name: string, differingHere: number, differing: number, maxDifference: number) => ({
  ...{ layer: name, elements: 1000, differingHere, differing, maxDifference },
  ...{ sqnrDb: 17.04, defaultSqnrDb: 19.3 },
});

const top1 = (percent: number) => ({ images: 10, top1: percent, top5: 100 });
const profile: ProfileAnalysis = {
  name: 'power-of-two',
  layers: [layer('first', 44, 44, 1), layer('second', 0, 90, 3), layer('last', 5, 380, 2)],
  agreement: { images: 10, agreeing: 8 },
  default: {
    agreement: { images: 10, agreeing: 9 },
    accuracy: { images: 10, float: top1(90), tf8: top1(80) },
  },
};
const accuracy = { images: 10, float: top1(90), tf8: top1(70) };

describe('profileWords', () => {
  it('says what a profile costs in top-1, in the last layer, and where it begins', () => {
    assert.equal(
      profileWords({ profile, accuracy, agreement: { images: 10, agreeing: 7 } }),
      'Top-1: 70.0 % by power-of-two, 80.0 % by default, 90.0 % in float. ' +
        'The first class is as by default for 8 of 10 images, as in float for 7 (by default for 9). ' +
        'The last layer keeps 17.0 dB by power-of-two, 19.3 by default. ' +
        "The profile power-of-two changes bytes in 2 of 3 layers, most in first (4.4 % of the same inputs), and through them 38.0 % of the last layer's, by 2 at most.",
    );
  });

  it('says of a network without classes and of a rule that changes nothing what there is', () => {
    const layers = [layer('only', 0, 0, 0)];
    assert.equal(
      profileWords({ profile: { name: 'shift-round', layers } }),
      'The last layer keeps 17.0 dB by shift-round, 19.3 by default. The profile shift-round changes no byte.',
    );
  });
});

describe('profileCaption', () => {
  it('tells the rule from the scales where the profile has its own', () => {
    assert.match(profileCaption(profile), /the decibels what rule and scales cost together\.$/);
    const other = { ...profile, name: 'double-rounding' } as const;
    assert.doesNotMatch(profileCaption(other), /scales/);
  });
});
