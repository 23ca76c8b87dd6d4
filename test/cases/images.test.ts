import assert from 'node:assert/strict';
import { join } from 'node:path';
import { decodeImage, type ImageError } from '../../datasets/images/decode_image.ts';
import { caseFolder } from './case_model.ts';

describe('case images', () => {
  for (const [file, reason, remedy] of [
    ['a.heic', /it is HEIC$/, /^HEIC is not read; convert to PNG\.$/],
    ['rgb.bmp', /it is BMP$/, /^BMP is not read; convert to PNG\.$/],
    ['float.tif', /its samples are floating-point numbers of 32 bits/, /^Convert it to unsigned/],
  ] as const) {
    it(`refuses ${file} by the name of what it is, and says what to do`, async function () {
      const path = join(caseFolder(this, 'images'), file);
      await assert.rejects(decodeImage(path), (error: ImageError) => {
        assert.match(error.reason, reason);
        assert.match(error.remedy!, remedy);
        return true;
      });
    });
  }
});

describe('case svg-as-jpg', () => {
  it('refuses an SVG without drawing it, whatever its name', async function () {
    const path = join(caseFolder(this, 'svg-as-jpg'), 'svg_slow.jpg');
    await assert.rejects(decodeImage(path), {
      reason: 'its content is in no image format that can be read: it is SVG',
    });
  });
});
