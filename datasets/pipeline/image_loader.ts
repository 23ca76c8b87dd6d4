import { decodeImage, ImageError, readEncoded } from '../images/decode_image.ts';
import type { PixelImage, RgbaImage } from '../images/pixel_image.ts';
import { RecordFiles } from '../tfrecord/record_files.ts';
import { type RecordImage, readRecordImage } from '../tfrecord/record_images.ts';
import type { EncodedFile, ImageSource } from './image_source.ts';
import { type PixelStore, storedImage, storeImage } from './pixel_store.ts';

type AnyImage = PixelImage | RgbaImage;

/** Loads the images of a source; holds files open until `close`. */
export class ImageLoader {
  private readonly source: ImageSource;
  private readonly alpha: boolean;
  private readonly recordFiles = new RecordFiles();

  /** @param how `alpha`: whether images are decoded with it */
  constructor(source: ImageSource, { alpha }: { readonly alpha: boolean }) {
    this.source = source;
    this.alpha = alpha;
  }

  /**
   * Image n, at once where its pixels are in memory.
   *
   * @throws ImageError (the promise rejects) where it cannot be read or decoded, or has not the size
   *   that is kept
   */
  load(n: number): AnyImage | Promise<AnyImage> {
    const { source, alpha } = this;
    switch (source.kind) {
      case 'pixels':
        return storedImage(source.store, source.indices[n])!;
      case 'files': {
        const file = source.files[n];
        if (source.kept === undefined || alpha) return decode(file, alpha);
        const { store, indices } = source.kept;
        return storedImage(store, indices[n]) ?? decodeInto(store, indices[n], file);
      }
      case 'records':
        return readRecordImage(source.records, source.indices[n], this.recordFiles).then(
          ({ bytes, name }) => decodeImage(bytes, name, { alpha }),
        );
    }
  }

  /**
   * Image n as it is encoded, and its name; undefined where its pixels are in memory, or are to be.
   * @throws ImageError (the promise rejects) where it cannot be read
   */
  encoded(n: number): Promise<RecordImage> | undefined {
    const source = this.source;
    switch (source.kind) {
      case 'pixels':
        return undefined;
      case 'files':
        return source.kept === undefined || this.alpha ? encodedFile(source.files[n]) : undefined;
      case 'records':
        return readRecordImage(source.records, source.indices[n], this.recordFiles);
    }
  }

  async close(): Promise<void> {
    await this.recordFiles.close();
  }
}

async function encodedFile({ path, name, content }: EncodedFile): Promise<RecordImage> {
  const bytes = content === undefined ? await readEncoded(path, name) : Uint8Array.from(content);
  return { bytes, name };
}

/** Decoders take bytes of their own, not shared ones. */
function decode({ path, name, content }: EncodedFile, alpha: boolean): Promise<AnyImage> {
  return decodeImage(content === undefined ? path : Uint8Array.from(content), name, { alpha });
}

async function decodeInto(
  store: PixelStore,
  index: number,
  file: EncodedFile,
): Promise<PixelImage> {
  const image = (await decode(file, false)) as PixelImage;
  const { height, width } = store;
  if (image.height !== height || image.width !== width) {
    throw new ImageError(
      file.name,
      `it has ${image.width} × ${image.height} pixels where ${width} × ${height} are needed`,
    );
  }
  storeImage(store, index, image);
  return image;
}
