import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { hasImageName, refusalOf, unreadFormatOf } from '../../../datasets/images/image_formats.ts';
import { sharedFolder } from '../../support/skip.ts';
import { solid } from '../support.ts';
import { tiffFile } from './tiff_file.ts';

const UNREAD: Readonly<Record<string, readonly (string | Buffer)[]>> = {
  SVG: [
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    '\n <?xml version="1.0"?>\n<!-- a picture -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "">\n',
    '\xef\xbb\xbf<?xml version="1.0"?><svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>',
    `<!--${' '.repeat(2000)}--><svg/>`,
    Buffer.from('\ufeff<?xml version="1.0" encoding="UTF-16"?><svg/>', 'utf16le'),
    Buffer.from('\ufeff<svg/>', 'utf16le').swap16(),
  ],
  'compressed SVG or other gzip': [gzipSync('<svg/>')],
  PDF: ['%PDF-1.7\n'],
  PostScript: ['%!PS-Adobe-3.0 EPSF-3.0\n', '\xc5\xd0\xd3\xc6'],
  BMP: [`BM${'\0'.repeat(12)}\x28\0\0\0`, `BM${'\0'.repeat(12)}\x7c\0\0\0`],
  HEIC: [
    '\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf',
    '\0\0\0\x18ftypmif1\0\0\0\0mif1heic',
    '\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc',
  ],
  'animated AVIF': ['\0\0\0\x2cftypavis\0\0\0\0avifavismsf1iso8'],
  'HEIF without AV1': ['\0\0\0\x14ftypmif1\0\0\0\0mif1'],
  'JPEG XL': ['\xff\x0a\xfa\x1f', '\0\0\0\x0cJXL \r\n\x87\n'],
  'JPEG 2000': ['\0\0\0\x0cjP  \r\n\x87\n', '\xff\x4f\xff\x51'],
  'JPEG XR': ['II\xbc\x01'],
  PSD: ['8BPS\0\x01'],
  OpenEXR: ['\x76\x2f\x31\x01'],
  'Radiance HDR': ['#?RADIANCE\n', '#?RGBE\n'],
  Netpbm: ['P6\n64 48\n255\n', 'Pf 64'],
  TGA: [`\0\0\x02${'\0'.repeat(9)}\x40\0\x30\0\x18\0`],
  ICO: ['\0\0\x01\0\x01\0\x20\x20'],
  QOI: ['qoif\0\0\0\x40'],
  DICOM: [`${'\0'.repeat(128)}DICM`],
  'camera RAW': ['II*\0\x10\0\0\0CR\x02\0', 'IIU\0', 'FUJIFILMCCD-RAW 0201', '\0\0\0\x18ftypcrx '],
  'a video': ['\0\0\0\x18ftypisom\0\0\x02\0isommp41', '\x1aE\xdf\xa3', 'RIFF\0\0\0\0AVI LIST'],
  'a web page': ['<!DOCTYPE html>\n<html><body><svg/>', '\xef\xbb\xbf <HTML lang="en">'],
  'a Git LFS pointer': ['version https://git-lfs.github.com/spec/v1\noid sha256:0\n'],
  'a zip archive': ['PK\x03\x04'],
};

describe('refusalOf', () => {
  for (const [name, files] of Object.entries(UNREAD)) {
    it(`refuses ${name} by its name, whichever way it begins`, () => {
      for (const file of files) {
        const { reason, remedy } = refusalOf(Buffer.from(file as string, 'latin1'))!;
        assert.equal(reason, `its content is in no image format that can be read: it is ${name}`);
        assert.match(remedy!, /[.]$|git lfs pull$/);
      }
    });
  }

  it('refuses by the general reason what is in no known format', () => {
    for (const content of ['no image', 'BM, a text', '<a>', 'P', 'II', '\0\0\0\0ftyp']) {
      const refusal = refusalOf(Buffer.from(content, 'latin1'))!;
      assert.match(refusal.reason, /^its content is in no image format that can be read/);
    }
  });

  it('refuses no JPEG, PNG, WebP, GIF, TIFF or AVIF file', async () => {
    const image = solid(8, 8, 'red');
    for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const) {
      const bytes = await image.clone().toFormat(format).toBuffer();
      assert.equal(refusalOf(bytes), undefined, format);
    }
    const progressive = await image.clone().jpeg({ progressive: true }).toBuffer();
    assert.equal(refusalOf(progressive), undefined);
    const mif1 = Buffer.from('\0\0\0\x18ftypmif1\0\0\0\0mif1avif', 'latin1');
    assert.equal(refusalOf(mif1), undefined);
  });

  it('takes any bytes, also those that begin as a format', () => {
    const beginnings = ['', 'II*\0', 'MM\0+', '\xff\xd8\xff', '\0\0\0\x14ftyp', 'GIF89a', 'BM'];
    fc.assert(
      fc.property(fc.constantFrom(...beginnings), fc.uint8Array(), (beginning, rest) => {
        refusalOf(Buffer.concat([Buffer.from(beginning, 'latin1'), rest]));
      }),
    );
  });

  it('names what was found in strangers’ files', async function () {
    const cases = sharedFolder(this, 'cases');
    const reasonOf = async (file: string) => refusalOf(await readFile(join(cases, file)))?.reason;
    assert.match((await reasonOf('svg-as-jpg/svg_slow.jpg'))!, /it is SVG$/);
    assert.match((await reasonOf('images/rgb.bmp'))!, /it is BMP$/);
    assert.match((await reasonOf('images/a.heic'))!, /it is HEIC$/);
    assert.match((await reasonOf('images/float.tif'))!, /floating-point numbers of 32 bits/);
  });
});

describe('JPEG files', () => {
  /** Headers of a progressive image of 10,000 × 10,000 pixels with as many scans, without data. */
  function scans(count: number): Buffer {
    const frame = '\xff\xc2\0\x0b\x08\x27\x10\x27\x10\x01\x01\x11\0';
    const scan = '\xff\xda\0\x08\x01\x01\0\0\0\0\xab\xff\0\xff\xd0\xcd';
    return Buffer.from(`\xff\xd8${frame}${scan.repeat(count)}\xff\xd9`, 'latin1');
  }

  it('may have 20 scans of the most pixels that are decoded, and no more', () => {
    assert.equal(refusalOf(scans(20)), undefined);
    assert.match(refusalOf(scans(21))!.reason, /^it has 21 scans of 100000000 pixels/);
  });

  it('have no scans in their comments, nor after their end', () => {
    const scan = '\xff\xda\0\x08\x01\x01\0\0\0\0';
    const comment = Buffer.from(`\xff\xfe\0\xca${scan.repeat(20)}`, 'latin1');
    const [start, rest] = [scans(20).subarray(0, 2), scans(20).subarray(2)];
    assert.equal(refusalOf(Buffer.concat([start, comment, rest, comment.subarray(4)])), undefined);
  });

  it('are no JPEG-LS files', () => {
    const { reason } = refusalOf(Buffer.from('\xff\xd8\xff\xe0\0\x02\xff\xf7\0\x02', 'latin1'))!;
    assert.equal(reason, 'it is JPEG-LS');
  });
});

describe('TIFF files', () => {
  const page = { width: 2, height: 1, pixels: new Uint8Array(16) };

  it('hold unsigned integers of up to 16 bits, or are refused', () => {
    for (const bits of [1, 8, 16]) {
      assert.equal(refusalOf(tiffFile([{ ...page, bits }])), undefined, `${bits} bits`);
    }
    const refused = [
      [32, 3, /floating-point numbers of 32 bits/],
      [16, 3, /floating-point numbers of 16 bits/],
      [8, 2, /signed integers of 8 bits/],
      [32, 1, /integers of 32 bits/],
    ] as const;
    for (const [bits, sampleFormat, reason] of refused) {
      const refusal = refusalOf(tiffFile([{ ...page, bits, sampleFormat }]))!;
      assert.match(refusal.reason, reason);
      assert.match(refusal.remedy!, /8 or 16 bits/);
    }
  });

  it('do not begin with the preview of a camera’s RAW file', () => {
    for (const tags of [{ 254: 1 }, { 50706: 1 }]) {
      assert.match(refusalOf(tiffFile([{ ...page, tags }]))!.reason, /camera RAW/);
    }
    assert.equal(refusalOf(tiffFile([{ ...page, tags: { 254: 0 } }])), undefined);
  });

  it('are compressed as libtiff can read', () => {
    const tiff = tiffFile([{ ...page, tags: { 259: 50000 } }]);
    assert.match(refusalOf(tiff)!.reason, /compressed by Zstandard/);
  });

  it('have at most 1000 pages, in no ring', () => {
    const pages = (count: number) => tiffFile(new Array(count).fill(page));
    assert.equal(refusalOf(pages(1000)), undefined);
    assert.match(refusalOf(pages(1001))!.reason, /more than 1000 pages/);
    const ring = pages(1);
    ring.writeUInt32LE(8 + page.pixels.length, ring.length - 4);
    assert.match(refusalOf(ring)!.reason, /more than 1000 pages/);
  });

  it('are left to the decoder where their directory is cut off', () => {
    const whole = tiffFile([page]);
    for (let length = 4; length < whole.length; length += 5) {
      assert.equal(refusalOf(whole.subarray(0, length)), undefined);
    }
  });
});

describe('hasImageName', () => {
  it('goes by the extension, in any case, of files that are not hidden', () => {
    const images = ['a.jpg', 'A.JPEG', 'b.png', 'c.webp', 'd.gif', 'e.tif', 'f.TIFF', 'g.avif'];
    assert.deepEqual(images.filter(hasImageName), images);
    const others = ['a.bmp', 'a.heic', 'jpg', '.jpg', '._a.jpg', 'a.jpg.txt', 'x/.a.png'];
    assert.deepEqual(others.filter(hasImageName), []);
  });
});

describe('unreadFormatOf', () => {
  it('names formats that are not read', () => {
    const names = ['IMG_1.HEIC', 'a.bmp', 'a.nef', 'a.txt', 'a.jpg'];
    assert.deepEqual(names.map(unreadFormatOf), [
      'HEIC',
      'BMP',
      'camera RAW',
      undefined,
      undefined,
    ]);
  });
});
