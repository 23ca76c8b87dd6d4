import assert from 'node:assert/strict';
import {
  exportManifest,
  ManifestSchema,
  type Verification,
  withVerification,
} from '../../../quantize/export/manifest.ts';
import { modelOf } from './support.ts';

const files = [{ name: 'm.tflite', bytes: 3, sha256: '0'.repeat(64) }];
const manifest = exportManifest(modelOf({}), 'f'.repeat(64), 'tflite', files);
const verification = (runtime: string, differing: number): Verification => ({
  runtime,
  differing,
  data: 'imagenet',
  images: 1,
  elements: 2,
  maxDifference: 1,
  top1Agreement: 100,
});

describe('exportManifest', () => {
  it('tells the parameters of every tensor', () => {
    assert.deepEqual(
      manifest.tensors.map(({ name, type, shape, scale, zeroPoint }) => [
        name,
        type,
        shape.join(),
        scale,
        zeroPoint,
      ]),
      [
        ['image', 'uint8', '4,4,1', 0.125, 3],
        ['node_0/weights', 'uint8', '4,4,1,2', 0.25, 7],
        ['node_0/bias', 'int32', '2', 0.03125, 0],
        ['node_0', 'uint8', '1,1,2', 0.5, 10],
      ],
    );
  });

  it('reads back as it was written', () => {
    assert.deepEqual(ManifestSchema.parse(JSON.parse(JSON.stringify(manifest))), manifest);
    assert.equal(manifest.origin.floatModel, 'made up');
  });
});

describe('withVerification', () => {
  it('keeps the newest verification of each runtime', () => {
    const first = withVerification(manifest, verification('LiteRT 2.3.0', 5));
    const second = withVerification(first, verification('LiteRT 2.4.0', 0));
    const third = withVerification(second, verification('LiteRT 2.3.0', 0));
    assert.deepEqual(
      third.verified.map(({ runtime, differing }) => [runtime, differing]),
      [
        ['LiteRT 2.4.0', 0],
        ['LiteRT 2.3.0', 0],
      ],
    );
  });
});
