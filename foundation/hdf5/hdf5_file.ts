/**
 * HDF5 files, as far as h5py writes them by default: groups, attributes of text and numbers, and data sets
 * in one piece. The format: HDF5 File Format Specification, version 3.0. Every position is checked and every
 * way is gone once, which libraries for programs' own files leave out.
 */
import { type Hdf5Type, readShape, readType } from './datatype.ts';
import { GlobalHeaps } from './global_heap.ts';
import { linksOf } from './group_links.ts';
import { Hdf5Reader, type RefuseHdf5 } from './hdf5_reader.ts';
import { type Hdf5Message, MESSAGE, readMessages } from './object_header.ts';
import { HDF5_SIGNATURE } from './signature.ts';

/** Above any attribute's of a network: names of layers or weights. */
const MAX_TEXTS = 100_000;
/** Of all groups that are opened. */
const MAX_OBJECTS = 200_000;

const COMPACT = 0;
const CONTIGUOUS = 1;

/** A data set in the file. */
export interface Hdf5Dataset {
  readonly kind: 'data';
  readonly shape: readonly number[];
  readonly type: Hdf5Type;
  /**
   * Its values, one after the other as the file has them: a view.
   * @throws what `refuse` makes where they are not in one piece in the file
   */
  bytes(): Uint8Array;
}

/**
 * The root of a file.
 * @throws what `refuse` makes where it is no HDF5 file, or damaged; so do the methods of what is opened
 */
export function openHdf5(file: Uint8Array, refuse: RefuseHdf5): Hdf5Group {
  if (!HDF5_SIGNATURE.every((byte, index) => file[index] === byte)) {
    throw refuse('it does not begin as one');
  }
  const reader = new Hdf5Reader(file, refuse);
  return new Hdf5Group({ reader, heaps: new GlobalHeaps(reader), opened: 0 }, rootOf(reader));
}

/** The address of the root's header. */
function rootOf(reader: Hdf5Reader): number {
  const version = reader.uint8(8);
  const isOld = version === 0 || version === 1;
  if (!isOld && version !== 2 && version !== 3) throw reader.refuse(`it is of version ${version}`);
  const sizes = isOld ? 13 : 9;
  if (reader.uint8(sizes) !== 8 || reader.uint8(sizes + 1) !== 8) {
    throw reader.refuse('its addresses are not of 64 bits');
  }
  return reader.uint64([64, 68, 36, 36][version]);
}

interface Hdf5Context {
  readonly reader: Hdf5Reader;
  readonly heaps: GlobalHeaps;
  opened: number;
}

export class Hdf5Group {
  readonly kind = 'group';
  private readonly context: Hdf5Context;
  private readonly messages: readonly Hdf5Message[];
  private links: ReadonlyMap<string, number> | undefined;

  constructor(context: Hdf5Context, address: number, messages?: readonly Hdf5Message[]) {
    this.context = context;
    this.messages = messages ?? readMessages(context.reader, address);
  }

  /** What it holds, in the order of the file: h5py sorts by name. */
  get names(): readonly string[] {
    return [...this.found.keys()];
  }

  /** The group or data set at a path below this group; undefined where nothing is. */
  find(path: string): Hdf5Group | Hdf5Dataset | undefined {
    const [name, ...rest] = path.split('/').filter((part) => part !== '');
    if (name === undefined) return this;
    const address = this.found.get(name);
    if (address === undefined) return undefined;
    const object = this.open(address);
    if (rest.length === 0) return object;
    return object.kind === 'group' ? object.find(rest.join('/')) : undefined;
  }

  /** The group at a path; undefined where there is none. */
  group(path: string): Hdf5Group | undefined {
    const found = this.find(path);
    return found?.kind === 'group' ? found : undefined;
  }

  /** The data set at a path; undefined where there is none. */
  data(path: string): Hdf5Dataset | undefined {
    const found = this.find(path);
    return found?.kind === 'data' ? found : undefined;
  }

  /** The texts of an attribute; undefined where there is none, or it is of something else. */
  texts(attribute: string): readonly string[] | undefined {
    const { reader, heaps } = this.context;
    for (const { type, at, isShared } of this.messages) {
      if (type === MESSAGE.attributeInfo) requireNoHeap(reader, at);
      if (type !== MESSAGE.attribute || isShared) continue;
      const found = attributeAt(reader, at);
      if (found.name !== attribute) continue;
      const { type: valueType, shape, data } = found;
      if (valueType.kind !== 'text' && valueType.kind !== 'anyText') return undefined;
      const count = shape?.reduce((product, side) => product * side, 1) ?? 0;
      if (count > MAX_TEXTS) throw reader.refuse(`${attribute} has ${count} texts`);
      return Array.from({ length: count }, (_, index) => {
        const text = data + valueType.bytes * index;
        return valueType.kind === 'text'
          ? reader.textBeforeZero(text, valueType.bytes)
          : heaps.textAt(text);
      });
    }
    return undefined;
  }

  /** The only text of an attribute. */
  text(attribute: string): string | undefined {
    const texts = this.texts(attribute);
    return texts?.length === 1 ? texts[0] : undefined;
  }

  private get found(): ReadonlyMap<string, number> {
    this.links ??= linksOf(this.context.reader, this.messages);
    return this.links;
  }

  private open(address: number): Hdf5Group | Hdf5Dataset {
    const { reader } = this.context;
    if (++this.context.opened > MAX_OBJECTS) throw reader.refuse('it has too many objects');
    const messages = readMessages(reader, address);
    const space = messages.find(({ type }) => type === MESSAGE.dataspace);
    if (space === undefined) return new Hdf5Group(this.context, address, messages);
    const type = messages.find((message) => message.type === MESSAGE.datatype);
    const shape = readShape(reader, space.at);
    if (type === undefined || type.isShared || shape === undefined) {
      throw reader.refuse('a data set of it has no type or no shape of its own');
    }
    const valueType = readType(reader, type.at);
    const bytes = () => dataOf(reader, messages, shape, valueType);
    return { kind: 'data', shape, type: valueType, bytes };
  }
}

interface Attribute {
  readonly name: string;
  readonly type: Hdf5Type;
  readonly shape: readonly number[] | undefined;
  /** Where its values begin. */
  readonly data: number;
}

function attributeAt(reader: Hdf5Reader, message: number): Attribute {
  const version = reader.uint8(message);
  if (version < 1 || version > 3) throw reader.refuse(`an attribute of version ${version}`);
  const sizes = [2, 4, 6].map((offset) => reader.uint16(message + offset));
  const [nameBytes, typeBytes, shapeBytes] = sizes.map((size) =>
    version === 1 ? 8 * Math.ceil(size / 8) : size,
  );
  const name = message + (version === 3 ? 9 : 8);
  const type = name + nameBytes;
  const shape = type + typeBytes;
  return {
    name: reader.textBeforeZero(name, sizes[0]),
    type: readType(reader, type),
    shape: readShape(reader, shape),
    data: shape + shapeBytes,
  };
}

function requireNoHeap(reader: Hdf5Reader, message: number): void {
  const heap = reader.address(message + (reader.uint8(message + 1) & 0x01 ? 4 : 2));
  if (heap !== undefined) {
    throw reader.refuse('an object of it has attributes in a fractal heap, which is not read');
  }
}

/** The bytes of a data set that lies in one piece. */
function dataOf(
  reader: Hdf5Reader,
  messages: readonly Hdf5Message[],
  shape: readonly number[],
  { bytes: valueBytes }: Hdf5Type,
): Uint8Array {
  const layout = messages.find(({ type }) => type === MESSAGE.layout)?.at;
  if (layout === undefined) throw reader.refuse('a data set of it is nowhere');
  const length = shape.reduce((product, side) => product * side, valueBytes);
  const version = reader.uint8(layout);
  const kind = reader.uint8(layout + (version < 3 ? 2 : 1));
  const isPlain = version === 3 || version === 4;
  if (!isPlain || (kind !== COMPACT && kind !== CONTIGUOUS)) {
    throw reader.refuse('a data set of it lies in chunks, which are not read');
  }
  if (length === 0) return new Uint8Array(0);
  if (kind === COMPACT) {
    const present = reader.uint16(layout + 2);
    if (present >= length) return reader.bytes(layout + 4, length);
    throw reader.refuse(`a data set of ${length} bytes has ${present}`);
  }
  const address = reader.address(layout + 2);
  if (address === undefined) throw reader.refuse('a data set of it was never written');
  return reader.bytes(address, length);
}
