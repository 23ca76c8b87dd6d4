import assert from 'node:assert/strict';
import { describeNetwork } from '../../../workflows/describe/describe_network.ts';

const OPTIONS = { widthMultiplier: 1, classes: 1001 };

describe('describeNetwork', () => {
  it('describes the published networks at their resolutions', () => {
    const mobileNet = describeNetwork({ ...OPTIONS, network: 'mobilenet_v1' });
    assert.deepEqual([mobileNet.variant, mobileNet.resolution], ['standard', 224]);
    assert.equal(Math.round(mobileNet.macs / 1e6), 569);
    const inception = describeNetwork({ ...OPTIONS, network: 'inception_v3' });
    assert.deepEqual([inception.variant, inception.resolution], [undefined, 299]);
  });

  it('describes another variant at another resolution', () => {
    const { variant, resolution, layers } = describeNetwork({
      ...OPTIONS,
      network: 'mobilenet_v1',
      variant: 'friendly',
      resolution: 128,
    });
    assert.deepEqual([variant, resolution], ['friendly', 128]);
    assert.deepEqual(layers[0].outputShape.slice(0, 2), [64, 64]);
  });
});
