/** Numbers of an HDF5 file, each position checked: a file comes from outside. */

/** Makes the error of a file that is none of its kind, or is damaged. */
export type RefuseHdf5 = (reason: string) => Error;

/** HDF5's address of what is not there. */
const UNDEFINED_ADDRESS = 0xffff_ffff_ffff_ffffn;

export class Hdf5Reader {
  readonly size: number;
  readonly refuse: RefuseHdf5;
  private readonly file: Uint8Array;
  private readonly view: DataView;

  constructor(file: Uint8Array, refuse: RefuseHdf5) {
    this.file = file;
    this.size = file.length;
    this.view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    this.refuse = refuse;
  }

  uint8(at: number): number {
    this.require(at, 1);
    return this.view.getUint8(at);
  }

  uint16(at: number): number {
    this.require(at, 2);
    return this.view.getUint16(at, true);
  }

  uint32(at: number): number {
    this.require(at, 4);
    return this.view.getUint32(at, true);
  }

  /** A length or an address: above 2⁵³ there is none. */
  uint64(at: number): number {
    this.require(at, 8);
    const value = this.view.getBigUint64(at, true);
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
    throw this.refuse(`the number at ${at} is ${value}`);
  }

  /** A number of 1, 2, 4 or 8 bytes. */
  unsigned(at: number, bytes: number): number {
    switch (bytes) {
      case 1:
        return this.uint8(at);
      case 2:
        return this.uint16(at);
      case 4:
        return this.uint32(at);
      default:
        return this.uint64(at);
    }
  }

  /** undefined where it leads to nothing. */
  address(at: number): number | undefined {
    this.require(at, 8);
    return this.view.getBigUint64(at, true) === UNDEFINED_ADDRESS ? undefined : this.uint64(at);
  }

  /** A view of the file. */
  bytes(at: number, length: number): Uint8Array {
    this.require(at, length);
    return this.file.subarray(at, at + length);
  }

  text(at: number, length: number): string {
    return new TextDecoder().decode(this.bytes(at, length));
  }

  /** Up to the first zero byte. */
  textBeforeZero(at: number, most: number): string {
    const bytes = this.bytes(at, most);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** @throws what `refuse` makes unless a block begins with its signature */
  signature(at: number, expected: string): void {
    const found = this.text(at, expected.length);
    if (found !== expected) {
      throw this.refuse(`at ${at} is no ${expected} but ${JSON.stringify(found)}`);
    }
  }

  private require(at: number, length: number): void {
    if (at >= 0 && length >= 0 && at + length <= this.size) return;
    throw this.refuse(`it has ${this.size} bytes, and asks for ${length} at ${at}`);
  }
}
