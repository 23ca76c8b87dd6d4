/** HDF5 files as h5py lays them out (superblock 0, headers of version 1), for readers to read. */

export interface WrittenGroup {
  /** Texts in fixed bytes, or one of any length. */
  readonly attributes?: Readonly<Record<string, string | readonly string[]>>;
  readonly children?: Readonly<Record<string, WrittenGroup | WrittenData>>;
}

export interface WrittenData {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const UNDEFINED = 0xffff_ffff_ffff_ffffn;

/** The bytes of a file with this root. */
export function writeHdf5(root: WrittenGroup): Uint8Array {
  const writer = new Writer();
  const address = writer.group(root);
  return writer.finish(address);
}

class Writer {
  private bytes: number[] = Array<number>(96).fill(0);

  finish(root: number): Uint8Array {
    const head = [0x89, ...ascii('HDF\r\n'), 0x1a, 0x0a, 0, 0, 0, 0, 0, 8, 8, 0];
    const rest = [...u16(4), ...u16(16), ...u32(0), ...u64(0), ...u64(UNDEFINED)];
    const end = [...u64(this.bytes.length), ...u64(UNDEFINED)];
    const entry = [...u64(0), ...u64(root)];
    [...head, ...rest, ...end, ...entry].forEach((byte, at) => {
      this.bytes[at] = byte;
    });
    return Uint8Array.from(this.bytes);
  }

  group({ attributes = {}, children = {} }: WrittenGroup): number {
    const names = Object.keys(children).sort();
    const addresses = names.map((name) => this.object(children[name]));
    const messages = [this.symbolTable(names, addresses)];
    for (const [name, value] of Object.entries(attributes)) {
      messages.push(message(0x0c, this.attribute(name, value)));
    }
    return this.header(messages);
  }

  private object(object: WrittenGroup | WrittenData): number {
    return 'values' in object ? this.data(object) : this.group(object);
  }

  private data({ shape, values }: WrittenData): number {
    const at = this.place([...new Uint8Array(values.slice().buffer)]);
    return this.header([
      message(0x01, dataspace(shape)),
      message(0x03, FLOAT32),
      message(0x08, [3, 1, ...u64(at), ...u64(4 * values.length)]),
    ]);
  }

  private symbolTable(names: readonly string[], addresses: readonly number[]): number[] {
    const offsets: number[] = [];
    const text = [...Array<number>(8).fill(0)];
    for (const name of names) {
      offsets.push(text.length);
      text.push(...padded([...ascii(name), 0]));
    }
    const segment = this.place(text);
    const heap = this.place([
      ...ascii('HEAP'),
      ...[0, 0, 0, 0],
      ...u64(text.length),
      ...u64(1),
      ...u64(segment),
    ]);
    const entries = names.flatMap((_, index) => [
      ...u64(offsets[index]),
      ...u64(addresses[index]),
      ...Array<number>(24).fill(0),
    ]);
    const leaf = this.place([...ascii('SNOD'), 1, 0, ...u16(names.length), ...entries]);
    const keys = [...u64(0), ...u64(leaf), ...u64(offsets.at(-1) ?? 0)];
    const node = [...ascii('TREE'), 0, 0, ...u16(1), ...u64(UNDEFINED), ...u64(UNDEFINED), ...keys];
    return message(0x11, [...u64(this.place(node)), ...u64(heap)]);
  }

  private attribute(name: string, value: string | readonly string[]): number[] {
    const type =
      typeof value === 'string'
        ? [0x19, 1, 0, 0, ...u32(16), 0x13, 0, 0, 0, ...u32(1)]
        : [0x13, 0, 0, 0, ...u32(Math.max(...value.map(({ length }) => length)))];
    const space = dataspace(typeof value === 'string' ? [] : [value.length]);
    const data =
      typeof value === 'string'
        ? this.anyText(value)
        : value.flatMap((text) => {
            const bytes = Array<number>(Math.max(...value.map(({ length }) => length))).fill(0);
            ascii(text).forEach((byte, at) => {
              bytes[at] = byte;
            });
            return bytes;
          });
    const label = [...ascii(name), 0];
    const sizes = [...u16(label.length), ...u16(type.length), ...u16(space.length)];
    return [1, 0, ...sizes, ...padded(label), ...padded(type), ...padded(space), ...data];
  }

  /** Where a text lies in a collection of its own. */
  private anyText(text: string): number[] {
    const bytes = [...new TextEncoder().encode(text)];
    const object = [...u16(1), ...u16(1), ...u32(0), ...u64(bytes.length), ...padded(bytes)];
    const heap = [...ascii('GCOL'), 1, 0, 0, 0, ...u64(16 + object.length), ...object];
    return [...u32(bytes.length), ...u64(this.place(heap)), ...u32(1)];
  }

  private header(messages: readonly (readonly number[])[]): number {
    const body = messages.flat();
    const head = [1, 0, ...u16(messages.length), ...u32(1), ...u32(body.length), ...u32(0)];
    return this.place([...head, ...body]);
  }

  private place(bytes: readonly number[]): number {
    while (this.bytes.length % 8 !== 0) this.bytes.push(0);
    const at = this.bytes.length;
    for (const byte of bytes) this.bytes.push(byte);
    return at;
  }
}

/** Single floats, little-endian. */
const FLOAT32 = [
  ...[0x11, 0x20, 0x1f, 0, ...u32(4)],
  ...[...u16(0), ...u16(32), 23, 8, 0, 23, ...u32(127)],
];

function dataspace(shape: readonly number[]): number[] {
  return [1, shape.length, 0, 0, ...u32(0), ...shape.flatMap((side) => u64(side))];
}

function message(type: number, data: readonly number[]): number[] {
  const body = padded(data);
  return [...u16(type), ...u16(body.length), 0, 0, 0, 0, ...body];
}

function padded(bytes: readonly number[]): number[] {
  return [...bytes, ...Array<number>((8 - (bytes.length % 8)) % 8).fill(0)];
}

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

function u16(value: number): number[] {
  return [value & 0xff, value >>> 8];
}

function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)];
}

function u64(value: number | bigint): number[] {
  return Array.from({ length: 8 }, (_, byte) => Number((BigInt(value) >> BigInt(8 * byte)) & 255n));
}
