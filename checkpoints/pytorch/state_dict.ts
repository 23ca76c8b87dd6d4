/**
 * PyTorch's file of a `state_dict` as `torch.save` wrote it before version 1.6: three pickles that say
 * what it is, one with the tensors, one with the order of their storages, then each storage's length
 * (int64) and values.
 */
import type { WeightTensor } from '../weight_tensor.ts';
import { damagedPickle, type PickleMachine, type PickleValue, readPickle } from './pickle.ts';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;
/** Bytes of a value, by the class of its storage. */
const STORAGES: ReadonlyMap<string, number> = new Map([
  ['torch FloatStorage', 4],
  ['torch LongStorage', 8],
]);

interface Storage {
  readonly kind: string;
  readonly key: string;
  /** In values. */
  readonly length: number;
}

interface TensorView {
  readonly storage: Storage;
  /** In values, as the strides. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/**
 * The float32 tensors of a state_dict, by name, row-major; tensors of other types are left out.
 * @param name what errors call the file
 * @throws UserError where it is no such file, cut off or damaged
 */
export function readStateDict(bytes: Uint8Array, name: string): Map<string, WeightTensor> {
  const storages = new Map<string, Storage>();
  const machine: PickleMachine = {
    call: (callee, args) => call(callee, args, name),
    persistent: (id) => {
      const storage = storageOf(id, name);
      storages.set(storage.key, storage);
      return storage;
    },
  };
  let position = 0;
  const next = (): PickleValue => {
    const { value, end } = readPickle(bytes, position, name, machine);
    position = end;
    return value;
  };
  if (next() !== MAGIC) throw damagedPickle(name, 'it does not begin as one');
  if (next() !== PROTOCOL) throw damagedPickle(name, 'it is of another version');
  const system = next();
  if (!(system instanceof Map) || system.get('little_endian') !== true) {
    throw damagedPickle(name, 'it was not written by a little-endian machine');
  }
  const dictionary = next();
  const keys = next();
  if (!(dictionary instanceof Map) || !Array.isArray(keys)) {
    throw damagedPickle(name, 'it holds no state_dict');
  }
  const data = storedBytes(bytes, position, keys, storages, name);
  const tensors = new Map<string, WeightTensor>();
  for (const [key, value] of dictionary) {
    if (typeof key !== 'string' || !isTensor(value)) {
      throw damagedPickle(name, 'it holds more than tensors');
    }
    const { storage, shape } = value;
    if (storage.kind !== 'torch FloatStorage') continue;
    tensors.set(key, { shape, values: gather(value, data.get(storage.key), name) });
  }
  return tensors;
}

function call(callee: string, args: readonly PickleValue[], name: string): PickleValue {
  switch (callee) {
    case 'collections OrderedDict':
      return new Map();
    case 'torch._utils _rebuild_tensor_v2': {
      const [storage, offset, shape, strides] = args;
      if (!isStorage(storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
        throw damagedPickle(name, 'a tensor of it is not described as one');
      }
      return { storage, offset, shape, strides } satisfies TensorView;
    }
    default:
      throw damagedPickle(name, `it calls ${callee}`);
  }
}

function storageOf(id: PickleValue, name: string): Storage {
  if (Array.isArray(id)) {
    const [tag, kind, key, , length] = id;
    const known = typeof kind === 'object' && kind !== null && 'name' in kind ? kind.name : '';
    if (tag === 'storage' && STORAGES.has(known) && typeof key === 'string' && isCount(length)) {
      return { kind: known, key, length };
    }
    throw damagedPickle(name, `it has a storage of ${known || 'an unknown kind'}`);
  }
  throw damagedPickle(name, 'a storage of it is not described as one');
}

/** The bytes of each storage, by its key. */
function storedBytes(
  bytes: Uint8Array,
  start: number,
  keys: readonly PickleValue[],
  storages: ReadonlyMap<string, Storage>,
  name: string,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, Uint8Array>();
  let position = start;
  for (const key of keys) {
    const storage = storages.get(String(key));
    if (storage === undefined)
      throw damagedPickle(name, `it has no tensor of storage ${String(key)}`);
    const size = storage.length * STORAGES.get(storage.kind)!;
    if (position + 8 + size > bytes.length) throw damagedPickle(name, 'it is cut off');
    if (view.getBigInt64(position, true) !== BigInt(storage.length)) {
      throw damagedPickle(name, `storage ${storage.key} is not as long as it says`);
    }
    found.set(storage.key, bytes.subarray(position + 8, position + 8 + size));
    position += 8 + size;
  }
  return found;
}

/** The values that a view takes out of its storage, row-major. */
function gather(
  { storage, offset, shape, strides }: TensorView,
  data: Uint8Array | undefined,
  name: string,
): Float32Array {
  const count = shape.reduce((product, side) => product * side, 1);
  const last = shape.reduce((sum, side, axis) => sum + (side - 1) * strides[axis], offset);
  if (
    data === undefined ||
    strides.length !== shape.length ||
    count > storage.length ||
    (count > 0 && last >= storage.length)
  ) {
    throw damagedPickle(name, `a tensor reaches beyond its storage ${storage.key}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = new Float32Array(count);
  const place = shape.map(() => 0);
  let from = offset;
  for (let i = 0; i < count; i++) {
    values[i] = view.getFloat32(4 * from, true);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++place[axis] < shape[axis]) break;
      from -= shape[axis] * strides[axis];
      place[axis] = 0;
    }
  }
  return values;
}

function isStorage(value: unknown): value is Storage {
  return typeof value === 'object' && value !== null && 'kind' in value && 'key' in value;
}

function isTensor(value: unknown): value is TensorView {
  return typeof value === 'object' && value !== null && 'storage' in value;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isCount);
}
