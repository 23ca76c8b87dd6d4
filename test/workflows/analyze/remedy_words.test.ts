import assert from 'node:assert/strict';
import { inFlags } from '../../../scripts/wording.ts';
import { remedyOf } from '../../../workflows/analyze/remedy_words.ts';

describe('remedyOf', () => {
  it('says what to do with the network at hand', () => {
    const evenWeights = (network: 'standard' | 'rebuilt' | 'other') =>
      remedyOf({ code: 'evenWeights', network });
    assert.match(evenWeights('standard'), /`rearchitect\({ model: MODEL, variant: 'friendly' }\)`/);
    assert.match(
      evenWeights('rebuilt'),
      /`rearchitect\({ model: STANDARD, variant: 'friendly' }\)`/,
    );
    assert.doesNotMatch(evenWeights('other'), /rearchitect/);
  });

  it('is a command line for users of the command', () => {
    assert.equal(
      inFlags(remedyOf({ code: 'meanVariance', network: 'standard' })),
      'Option 1: give these channels the mean variance of the others, with --zero-variance mean; nothing is retrained.',
    );
    assert.equal(
      inFlags(remedyOf({ code: 'equalizeChannels', network: 'standard' })),
      'Bring the channels to one size: "tf8 rearchitect MODEL --variant friendly" equalizes them, or retrain with "tf8 train --variant friendly --from MODEL", whose L2 keeps depthwise weights small.',
    );
  });
});
