/**
 * FlatBuffers by tables of fields: a schema is data, a message is a nested literal. Writing goes
 * through the `flatbuffers` library; reading checks every position, for a file comes from outside.
 * The format: https://flatbuffers.dev/internals
 */
import { Builder } from 'flatbuffers';

/** What a field holds; the plural ones are vectors. */
interface FieldValues {
  bool: boolean;
  /** Also enums and the types of unions. */
  int8: number;
  int32: number;
  float32: number;
  string: string;
  table: FlatTable;
  bytes: Uint8Array;
  int32s: readonly number[];
  int64s: readonly number[];
  float32s: readonly number[];
  strings: readonly string[];
  tables: readonly FlatTable[];
}
type FieldKind = keyof FieldValues;

/** Fields by name, each with its slot and kind. Slots that are left out are never written. */
export type FlatSchema = Readonly<Record<string, readonly [slot: number, kind: FieldKind]>>;

type FieldsOf<S extends FlatSchema> = {
  readonly [Name in keyof S]?: FieldValues[S[Name][1]] | undefined;
};

/** A table that is to be written. */
export interface FlatTable {
  readonly schema: FlatSchema;
  readonly fields: Readonly<Record<string, FieldValues[FieldKind] | undefined>>;
}

/** A table of `schema`; fields that are left out have the schema's default, 0 or nothing. */
export function flatTable<S extends FlatSchema>(schema: S, fields: FieldsOf<S>): FlatTable {
  return { schema, fields };
}

/** `bytes` vectors begin at multiples of this: what the TFLite schema demands of its buffers. */
const BYTES_ALIGNMENT = 16;

/** The bytes of a file whose root is `root`. */
export function writeFlatBuffer(root: FlatTable, identifier: string): Uint8Array {
  const builder = new Builder(1 << 20);
  builder.finish(writeTable(builder, root), identifier);
  return builder.asUint8Array();
}

function writeTable(builder: Builder, { schema, fields }: FlatTable): number {
  const entries = Object.entries(schema).flatMap(([name, [slot, kind]]) => {
    const value = fields[name];
    return value === undefined ? [] : [{ slot, kind, value }];
  });
  // Tables are not nested in the bytes: what a table refers to is written before it.
  const placed = entries.map(({ slot, kind, value }) => ({
    slot,
    kind,
    value: isScalar(kind) ? Number(value) : writeReferred(builder, kind, value),
  }));
  builder.startObject(Math.max(-1, ...Object.values(schema).map(([slot]) => slot)) + 1);
  for (const { slot, kind, value } of placed) {
    if (kind === 'int8' || kind === 'bool') builder.addFieldInt8(slot, value, 0);
    else if (kind === 'int32') builder.addFieldInt32(slot, value, 0);
    else if (kind === 'float32') builder.addFieldFloat32(slot, value, 0);
    else builder.addFieldOffset(slot, value, 0);
  }
  return builder.endObject();
}

function isScalar(kind: FieldKind): boolean {
  return kind === 'bool' || kind === 'int8' || kind === 'int32' || kind === 'float32';
}

/** Where the value was written. */
function writeReferred(builder: Builder, kind: FieldKind, value: FieldValues[FieldKind]): number {
  switch (kind) {
    case 'string':
      return builder.createString(value as string);
    case 'table':
      return writeTable(builder, value as FlatTable);
    case 'bytes': {
      const bytes = value as Uint8Array;
      builder.prep(BYTES_ALIGNMENT, bytes.length);
      return builder.createByteVector(bytes);
    }
    case 'strings':
      return writeVector(builder, 4, value as readonly string[], (text) => {
        const at = builder.createString(text);
        return () => builder.addOffset(at);
      });
    case 'tables':
      return writeVector(builder, 4, value as readonly FlatTable[], (table) => {
        const at = writeTable(builder, table);
        return () => builder.addOffset(at);
      });
    case 'int64s':
      return writeVector(
        builder,
        8,
        value as readonly number[],
        (x) => () => builder.addInt64(BigInt(x)),
      );
    case 'float32s':
      return writeVector(
        builder,
        4,
        value as readonly number[],
        (x) => () => builder.addFloat32(x),
      );
    default:
      return writeVector(builder, 4, value as readonly number[], (x) => () => builder.addInt32(x));
  }
}

/** @param prepare writes what an element refers to, and gives what writes the element */
function writeVector<T>(
  builder: Builder,
  elementBytes: number,
  elements: readonly T[],
  prepare: (element: T) => () => void,
): number {
  const writers = elements.map(prepare);
  builder.startVector(elementBytes, elements.length, elementBytes);
  // A FlatBuffer grows towards its beginning.
  for (const write of writers.reverse()) write();
  return builder.endVector();
}

/** Makes the error of a file that is none of its kind, or is damaged. */
export type RefuseFile = (message: string) => Error;

/** A table in a file, read by its schema. */
export class FlatReader {
  private readonly view: DataView;
  private readonly position: number;
  private readonly refuse: RefuseFile;

  private constructor(view: DataView, position: number, refuse: RefuseFile) {
    this.view = view;
    this.position = position;
    this.refuse = refuse;
  }

  /**
   * The root table.
   * @throws what `refuse` makes where the file has another identifier; so do the other methods where
   * a position lies outside the file
   */
  static root(file: Uint8Array, identifier: string, refuse: RefuseFile): FlatReader {
    const found = String.fromCharCode(...file.subarray(4, 8));
    if (found !== identifier) {
      throw refuse(
        `Expected a FlatBuffers file of kind "${identifier}" but received ${JSON.stringify(found)}`,
      );
    }
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const reader = new FlatReader(view, 0, refuse);
    return reader.at(reader.follow(0));
  }

  /** An unsigned 32-bit number; 0 where the file leaves it out. */
  uint32(schema: FlatSchema, name: string): number {
    const at = this.field(schema, name);
    return at === undefined ? 0 : this.read(at, 4, () => this.view.getUint32(at, true));
  }

  /** A signed 32-bit number; 0 where the file leaves it out. */
  int32(schema: FlatSchema, name: string): number {
    return this.uint32(schema, name) | 0;
  }

  /** A signed number of 8 bits, as the numbers of enums are; 0 where the file leaves it out. */
  int8(schema: FlatSchema, name: string): number {
    const at = this.field(schema, name);
    return at === undefined ? 0 : this.read(at, 1, () => this.view.getInt8(at));
  }

  bool(schema: FlatSchema, name: string): boolean {
    return this.int8(schema, name) !== 0;
  }

  /** 0 where the file leaves it out. */
  float32(schema: FlatSchema, name: string): number {
    const at = this.field(schema, name);
    return at === undefined ? 0 : this.read(at, 4, () => this.view.getFloat32(at, true));
  }

  string(schema: FlatSchema, name: string): string {
    const bytes = this.bytes(schema, name);
    return bytes === undefined ? '' : new TextDecoder().decode(bytes);
  }

  /** A view of the file; undefined where the file leaves it out. */
  bytes(schema: FlatSchema, name: string): Uint8Array | undefined {
    const vector = this.vector(schema, name, 1);
    if (vector === undefined) return undefined;
    return new Uint8Array(this.view.buffer, this.view.byteOffset + vector.start, vector.length);
  }

  int32s(schema: FlatSchema, name: string): number[] {
    return this.numbers(schema, name, 4, (at) => this.view.getInt32(at, true));
  }

  /** Exact below 2⁵³. */
  int64s(schema: FlatSchema, name: string): number[] {
    return this.numbers(schema, name, 8, (at) => Number(this.view.getBigInt64(at, true)));
  }

  float32s(schema: FlatSchema, name: string): number[] {
    return this.numbers(schema, name, 4, (at) => this.view.getFloat32(at, true));
  }

  /** undefined where the file leaves it out. */
  table(schema: FlatSchema, name: string): FlatReader | undefined {
    const at = this.field(schema, name);
    return at === undefined ? undefined : this.at(this.follow(at));
  }

  tables(schema: FlatSchema, name: string): FlatReader[] {
    const { start, length } = this.vector(schema, name, 4) ?? { start: 0, length: 0 };
    return Array.from({ length }, (_, index) => this.at(this.follow(start + 4 * index)));
  }

  private numbers(
    schema: FlatSchema,
    name: string,
    bytes: number,
    take: (at: number) => number,
  ): number[] {
    const { start, length } = this.vector(schema, name, bytes) ?? { start: 0, length: 0 };
    return Array.from({ length }, (_, index) => take(start + bytes * index));
  }

  private at(position: number): FlatReader {
    return new FlatReader(this.view, position, this.refuse);
  }

  private vector(schema: FlatSchema, name: string, elementBytes: number) {
    const at = this.field(schema, name);
    if (at === undefined) return undefined;
    const start = this.follow(at);
    const length = this.read(start, 4, () => this.view.getUint32(start, true));
    this.read(start + 4, length * elementBytes, () => undefined);
    return { start: start + 4, length };
  }

  /** Where the field lies: a table begins with the way back to its vtable, a list of 16-bit ways. */
  private field(schema: FlatSchema, name: string): number | undefined {
    const [slot] = schema[name];
    const { view, position } = this;
    const vtable = position - this.read(position, 4, () => view.getInt32(position, true));
    const entry = 4 + 2 * slot;
    const size = this.read(vtable, 2, () => view.getUint16(vtable, true));
    if (entry + 2 > size) return undefined;
    const way = this.read(vtable + entry, 2, () => view.getUint16(vtable + entry, true));
    return way === 0 ? undefined : position + way;
  }

  /** Where the reference at `at` points. */
  private follow(at: number): number {
    return at + this.read(at, 4, () => this.view.getUint32(at, true));
  }

  private read<T>(at: number, bytes: number, take: () => T): T {
    if (!(at >= 0 && at + bytes <= this.view.byteLength)) {
      throw this.refuse(
        `Expected positions below ${this.view.byteLength}, the file's length, but received ${at + bytes}`,
      );
    }
    return take();
  }
}
