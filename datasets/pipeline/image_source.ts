import type { RecordImages } from '../tfrecord/record_images.ts';
import type { PixelStore } from './pixel_store.ts';

/** Some images of a set as plain data, which may be sent to a worker. Image n is the n-th of them. */
export type ImageSource =
  | {
      readonly kind: 'pixels';
      readonly store: PixelStore;
      /** Their indices in the store. */
      readonly indices: Uint32Array;
    }
  | {
      readonly kind: 'files';
      readonly files: readonly EncodedFile[];
      /** Where decoded images of one size are kept, and their indices there; others are refused. */
      readonly kept?: { readonly store: PixelStore; readonly indices: Uint32Array };
    }
  | {
      readonly kind: 'records';
      readonly records: RecordImages;
      readonly indices: Uint32Array;
    };

export interface EncodedFile {
  readonly path: string;
  /** Its bytes, where they are in shared memory. */
  readonly content?: Uint8Array;
  /** For messages. */
  readonly name: string;
}
