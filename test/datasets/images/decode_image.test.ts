import assert from 'node:assert/strict';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { decodeImage, ImageError, MAX_PIXELS } from '../../../datasets/images/decode_image.ts';
import type { PixelImage } from '../../../datasets/images/pixel_image.ts';
import { UserError } from '../../../foundation/errors.ts';
import { inFolder } from '../../support/in_folder.ts';
import { noise, solid, writeTree } from '../support.ts';

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
    await rejectsWith(png, /png/);
  });

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

  it('names the path where no name is given', async () => {
    await assert.rejects(decodeImage('/no/such/file.jpg'), /in \/no\/such\/file\.jpg but there/);
    await assert.rejects(decodeImage(new Uint8Array()), /in the image but the file is empty/);
  });
});
