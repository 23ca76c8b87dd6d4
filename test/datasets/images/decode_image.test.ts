import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { decodeImage, ImageError, MAX_PIXELS } from '../../../datasets/images/decode_image.ts';
import type { PixelImage } from '../../../datasets/images/pixel_image.ts';
import { UserError } from '../../../foundation/errors.ts';
import { inFolder } from '../../support/in_folder.ts';
import { skip } from '../../support/skip.ts';
import { noise, solid, writeTree } from '../support.ts';
import { type TiffPage, tiffFile } from './tiff_file.ts';

/** Asserts the size, three channels, and every pixel within `tolerance` of `colour`. */
function assertSolid(
  image: PixelImage,
  [width, height]: readonly [number, number],
  colour: readonly [number, number, number],
  tolerance = 0,
): void {
  assert.deepEqual([image.width, image.height, image.channels], [width, height, 3]);
  assert.equal(image.data.length, width * height * 3);
  for (const [i, value] of image.data.entries()) {
    assert.ok(Math.abs(value - colour[i % 3]) <= tolerance, `sample ${i}: ${value}`);
  }
}

function rejectsWith(source: string | Uint8Array, message: RegExp): Promise<void> {
  return assert.rejects(decodeImage(source, 'a.jpg'), (error) => {
    assert.ok(error instanceof ImageError && error instanceof UserError);
    assert.match(error.message, message);
    assert.equal(error.message, `Expected an image in a.jpg but ${error.reason}.`);
    return true;
  });
}

describe('decodeImage', () => {
  it('gives RGB of JPEG, PNG, WebP and GIF', async () => {
    const image = solid(4, 3, { r: 200, g: 100, b: 40 });
    assertSolid(await decodeImage(await image.clone().png().toBuffer()), [4, 3], [200, 100, 40]);
    for (const encoded of [image.clone().jpeg(), image.clone().webp(), image.clone().gif()]) {
      assertSolid(await decodeImage(await encoded.toBuffer()), [4, 3], [200, 100, 40], 4);
    }
  });

  it('reads a file by path', () =>
    inFolder(async (folder) => {
      await writeTree(folder, { 'a.png': await solid(2, 1, 'white').png().toBuffer() });
      assertSolid(await decodeImage(join(folder, 'a.png')), [2, 1], [255, 255, 255]);
    }));

  it('fills three channels from grey, 8 and 16 bits deep, with and without alpha', async () => {
    const grey = solid(3, 2, { r: 90, g: 90, b: 90 }).toColourspace('b-w');
    assertSolid(await decodeImage(await grey.clone().png().toBuffer()), [3, 2], [90, 90, 90]);
    assertSolid(await decodeImage(await grey.clone().jpeg().toBuffer()), [3, 2], [90, 90, 90], 1);
    const withAlpha = await grey.clone().ensureAlpha(0.5).png().toBuffer();
    assert.equal((await sharp(withAlpha).metadata()).channels, 2);
    assertSolid(await decodeImage(withAlpha), [3, 2], [90, 90, 90]);
    const deep = await sharp(new Uint16Array(6).fill(0x5aff), {
      raw: { width: 3, height: 2, channels: 1 },
    })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    assert.equal((await sharp(deep).metadata()).depth, 'ushort');
    assertSolid(await decodeImage(deep), [3, 2], [0x5a, 0x5a, 0x5a]);
  });

  it('keeps the high byte of 16-bit colour', async () => {
    const samples = Uint16Array.of(0x0100, 0x80ff, 0xffff);
    const png = await sharp(samples, { raw: { width: 1, height: 1, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    assert.equal((await sharp(png).metadata()).depth, 'ushort');
    assertSolid(await decodeImage(png), [1, 1], [0x01, 0x80, 0xff]);
  });

  it('drops alpha without blending', async () => {
    const background = { r: 10, g: 200, b: 30, alpha: 0.25 };
    const png = sharp({ create: { width: 2, height: 2, channels: 4, background } }).png();
    assertSolid(await decodeImage(await png.toBuffer()), [2, 2], [10, 200, 30]);
  });

  it('turns CMYK into sRGB', async () => {
    const encoded = await solid(8, 8, 'white').toColourspace('cmyk').jpeg().toBuffer();
    assert.equal((await sharp(encoded).metadata()).space, 'cmyk');
    assertSolid(await decodeImage(encoded), [8, 8], [255, 255, 255], 3);
    const blue = await solid(8, 8, 'blue').toColourspace('cmyk').jpeg().toBuffer();
    const [red, green, last] = (await decodeImage(blue)).data;
    assert.ok(last > red + 40 && last > green + 40, `${[red, green, last]}`);
  });

  it('ignores an RGB colour profile, as TensorFlow does', async () => {
    const png = await solid(2, 2, 'red').withIccProfile('p3').png().toBuffer();
    const stored = await sharp(png, { ignoreIcc: true }).raw().toBuffer();
    assert.notDeepEqual([...stored.subarray(0, 3)], [255, 0, 0]);
    assert.deepEqual([...(await decodeImage(png)).data], [...stored]);
  });

  it('applies the EXIF orientation', async () => {
    const rows = Uint8Array.of(255, 0, 0, 0, 0, 255); // red left of blue
    const upright = sharp(rows, { raw: { width: 2, height: 1, channels: 3 } });
    const turned = await upright.withMetadata({ orientation: 6 }).png().toBuffer();
    const image = await decodeImage(turned); // 6: turned by 90° clockwise
    assert.deepEqual([image.width, image.height], [1, 2]);
    assert.deepEqual([...image.data], [255, 0, 0, 0, 0, 255]);
  });

  it('takes the first frame of animations, and the first page of several', async () => {
    const frames = await sharp(
      [await solid(4, 3, 'white').png().toBuffer(), await solid(4, 3, 'black').png().toBuffer()],
      { join: { animated: true } },
    )
      .raw()
      .toBuffer();
    const raw = { width: 4, height: 6, channels: 3, pageHeight: 3 } as const;
    for (const format of ['gif', 'webp'] as const) {
      const animation = await sharp(frames, { raw }).toFormat(format).toBuffer();
      assert.equal((await sharp(animation).metadata()).pages, 2);
      assertSolid(await decodeImage(animation), [4, 3], [255, 255, 255]);
    }
    const page = (value: number) => ({
      width: 2,
      height: 1,
      pixels: new Uint8Array(2).fill(value),
    });
    assertSolid(await decodeImage(tiffFile([page(90), page(0)])), [2, 1], [90, 90, 90]);
  });

  it('gives a palette its colours, in PNG and GIF, with and without transparency', async () => {
    const background = { r: 200, g: 100, b: 40, alpha: 1 };
    for (const alpha of [1, 0.2]) {
      const image = sharp({
        create: { width: 3, height: 2, channels: 4, background: { ...background, alpha } },
      });
      const png = await image.clone().png({ palette: true, dither: 0 }).toBuffer();
      assert.equal((await sharp(png).metadata()).isPalette, true);
      assertSolid(await decodeImage(png), [3, 2], [200, 100, 40], 1);
    }
    const gif = await solid(3, 2, background).gif().toBuffer();
    assertSolid(await decodeImage(gif), [3, 2], [200, 100, 40], 4);
  });

  it('reads TIFF in grey, black on white, RGB, of 1, 8 and 16 bits, and CMYK', async () => {
    const grey = (page: Partial<TiffPage>) =>
      decodeImage(tiffFile([{ width: 2, height: 1, pixels: new Uint8Array(), ...page }]));
    assertSolid(await grey({ pixels: Uint8Array.of(90, 90) }), [2, 1], [90, 90, 90]);
    const inverted = await grey({ pixels: Uint8Array.of(90, 90), photometric: 0 });
    assertSolid(inverted, [2, 1], [165, 165, 165]);
    const deep = await grey({ bits: 16, pixels: Uint8Array.of(0xff, 0x5a, 0xff, 0x5a) });
    assertSolid(deep, [2, 1], [0x5a, 0x5a, 0x5a]);
    assertSolid(await grey({ bits: 1, pixels: Uint8Array.of(0xc0) }), [2, 1], [255, 255, 255]);
    const rgb = await solid(2, 2, { r: 200, g: 100, b: 40 })
      .tiff({ compression: 'lzw' })
      .toBuffer();
    assertSolid(await decodeImage(rgb), [2, 2], [200, 100, 40]);
    const cmyk = await solid(2, 2, 'white')
      .toColourspace('cmyk')
      .tiff({ compression: 'none' })
      .toBuffer();
    assertSolid(await decodeImage(cmyk), [2, 2], [255, 255, 255], 3);
  });

  it('decodes AVIF', async () => {
    const avif = await solid(16, 16, { r: 200, g: 100, b: 40 }).avif().toBuffer();
    assertSolid(await decodeImage(avif), [16, 16], [200, 100, 40], 3);
  });

  it('goes by the content, not by the name', () =>
    inFolder(async (folder) => {
      await writeTree(folder, {
        'a.bmp': await solid(2, 1, 'white').png().toBuffer(),
        'a.png': '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="1"/>',
      });
      assertSolid(await decodeImage(join(folder, 'a.bmp')), [2, 1], [255, 255, 255]);
      await assert.rejects(decodeImage(join(folder, 'a.png')), {
        message: /in no image format that can be read: it is SVG\.$/,
        remedy: 'SVG is not read; convert to PNG.',
      });
    }));

  it('decodes an image of one pixel', async () => {
    assertSolid(await decodeImage(await solid(1, 1, 'black').png().toBuffer()), [1, 1], [0, 0, 0]);
  });

  it('refuses truncated JPEG, PNG and WebP files', async () => {
    const image = noise(64, 64);
    for (const encoded of [image.clone().jpeg(), image.clone().png(), image.clone().webp()]) {
      const bytes = await encoded.toBuffer();
      await rejectsWith(bytes.subarray(0, bytes.length / 2), /^Expected an image in a\.jpg but ./);
    }
    const jpeg = await image.clone().jpeg().toBuffer();
    await rejectsWith(jpeg.subarray(0, jpeg.length / 2), /truncated/);
  });

  it('refuses a PNG file with a damaged byte', async () => {
    const png = await noise(64, 64).png().toBuffer();
    png[png.length >> 1] ^= 0xff;
    await rejectsWith(png, /it is truncated or damaged \(.*png/);
  });

  it('refuses links that lead to each other, and a name that no file can have', () =>
    inFolder(async (folder) => {
      const loop = join(folder, 'loop.jpg');
      await symlink('loop.jpg', loop);
      await rejectsWith(loop, /its symbolic links lead to each other\.$/);
      await rejectsWith(join(folder, `${'a'.repeat(300)}.jpg`), /no file can have so long a name/);
    }));

  it('refuses an empty file, text, a folder and a missing file', () =>
    inFolder(async (folder) => {
      await writeTree(folder, { 'empty.jpg': '', 'text.jpg': 'no image' });
      await rejectsWith(join(folder, 'empty.jpg'), /the file is empty\.$/);
      await rejectsWith(join(folder, 'text.jpg'), /in no image format that can be read\.$/);
      await rejectsWith(folder, /it is a folder\.$/);
      await rejectsWith(join(folder, 'none.jpg'), /there is no such file\.$/);
    }));

  it('advises to check the path where it names no file, else to replace the file', () =>
    inFolder(async (folder) => {
      await writeTree(folder, { 'empty.jpg': '' });
      const remedies = { 'none.jpg': 'Check the path.', 'empty.jpg/x.jpg': 'Check the path.' };
      for (const [name, remedy] of Object.entries(remedies)) {
        await assert.rejects(decodeImage(join(folder, name)), { remedy });
      }
      await assert.rejects(decodeImage(folder), { remedy: 'Check the path.' });
      await assert.rejects(decodeImage(join(folder, 'empty.jpg')), {
        remedy: 'Replace or remove the file.',
      });
    }));

  it('refuses a decompression bomb before it decodes it', async () => {
    const bomb = await solid(1, 1, 'black').png().toBuffer();
    const header = bomb.subarray(12, 29); // "IHDR", width, height, …; its CRC follows
    header.writeUInt32BE(MAX_PIXELS / 1000, 4);
    header.writeUInt32BE(1001, 8);
    bomb.writeUInt32BE(crc32(header), 29);
    await rejectsWith(bomb, new RegExp(`more than ${MAX_PIXELS} pixels`));
  });

  it('refuses a file of floating-point samples, which would be black', async () => {
    const pixels = Buffer.from(Float32Array.of(0.5, 1).buffer);
    const tiff = tiffFile([{ width: 2, height: 1, bits: 32, sampleFormat: 3, pixels }]);
    await rejectsWith(tiff, /floating-point numbers of 32 bits/);
  });

  it('refuses a picture of more than five channels', async () => {
    const pixels = new Uint8Array(7);
    await rejectsWith(tiffFile([{ width: 1, height: 1, samples: 7, pixels }]), /channels/);
  });

  it('refuses what is no regular file, which might never end', async function () {
    if (process.platform === 'win32') skip(this, 'Windows has no named pipes in folders');
    await inFolder(async (folder) => {
      await promisify(execFile)('mkfifo', [join(folder, 'pipe.jpg')]);
      await rejectsWith(join(folder, 'pipe.jpg'), /it is no regular file\.$/);
    });
    await rejectsWith('/dev/zero', /it is no regular file\.$/);
  });

  it('refuses a file of more bytes than an image has, unread', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'a.tif');
      await writeFile(path, '');
      await truncate(path, 2 ** 30 + 1); // takes no room
      await rejectsWith(path, /it has 1073741825 bytes, and an image may have 1073741824/);
    }));

  it('shortens what a library says', async () => {
    const damaged = await noise(64, 64).avif().toBuffer();
    damaged.fill(0xff, 40, 200);
    await assert.rejects(decodeImage(damaged), ({ reason }: ImageError) => {
      assert.ok(reason.length <= 122 && !reason.includes('\n'), reason);
      return true;
    });
  });

  it('ends with the reason of a signal, also while it decodes', async () => {
    const png = await noise(2000, 2000).png({ compressionLevel: 0 }).toBuffer();
    const controller = new AbortController();
    const { signal } = controller;
    const reason = new Error('enough');
    const decoding = decodeImage(png, 'a.png', { signal });
    controller.abort(reason);
    await assert.rejects(decoding, reason);
    await assert.rejects(decodeImage(png, 'a.png', { signal }), reason);
    await assert.rejects(decodeImage('/no/such/file.jpg', undefined, { signal }), reason);
  });

  it('names the path where no name is given', async () => {
    await assert.rejects(decodeImage('/no/such/file.jpg'), /in \/no\/such\/file\.jpg but there/);
    await assert.rejects(decodeImage(new Uint8Array()), /in the image but the file is empty/);
  });
});
