/**
 * Reads Python's pickles as far as PyTorch's tensor files need them. A pickle is a program for a stack
 * machine; here it can make lists, dictionaries, numbers and strings, and asks its caller what a named
 * function gives: nothing is imported, nothing is called. Every other opcode is refused by its number.
 */
import { UserError } from '../../foundation/errors.ts';

/** A function or class that the pickle names: "torch._utils _rebuild_tensor_v2". */
export class PickleGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleGlobal
  | readonly PickleValue[]
  | Map<PickleValue, PickleValue>
  | object;

export interface PickleMachine {
  /** What a named function gives of its arguments. @throws UserError where it is not known */
  call(name: string, args: readonly PickleValue[]): PickleValue;
  /** What a persistent id stands for. */
  persistent(id: PickleValue): PickleValue;
}

/** Where the stack was when a list of values began. */
const MARK = Symbol('mark');
type Stacked = PickleValue | typeof MARK;

const TEXT = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the pickle that begins at `offset`.
 * @param name what errors call the file
 * @returns its value, and where it ends
 * @throws UserError where it is cut off, damaged, or has what no tensor file needs
 */
export function readPickle(
  bytes: Uint8Array,
  offset: number,
  name: string,
  machine: PickleMachine,
): { readonly value: PickleValue; readonly end: number } {
  return new Unpickler(bytes, offset, name, machine).run();
}

/** A damaged file, or one that was not made by PyTorch. */
export function damagedPickle(name: string, what: string): UserError {
  return new UserError(`Expected a file of PyTorch's tensors in ${name} but ${what}`, {
    remedy: 'Get the file again, or save the state_dict of the model alone.',
  });
}

class Unpickler {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly name: string;
  private readonly machine: PickleMachine;
  private readonly stack: Stacked[] = [];
  private readonly memo = new Map<number, PickleValue>();
  private position: number;

  constructor(bytes: Uint8Array, offset: number, name: string, machine: PickleMachine) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = offset;
    this.name = name;
    this.machine = machine;
  }

  run(): { readonly value: PickleValue; readonly end: number } {
    for (;;) {
      const opcode = this.bytes[this.take(1)];
      if (opcode === 0x2e /* STOP */) return { value: this.pop(), end: this.position };
      this.step(opcode);
    }
  }

  // Names of the opcodes: Python's pickletools.
  private step(opcode: number): void {
    const { stack, view } = this;
    switch (opcode) {
      case 0x80: // PROTO
        this.take(1);
        return;
      case 0x28: // MARK
        stack.push(MARK);
        return;
      case 0x4e: // NONE
        stack.push(null);
        return;
      case 0x88: // NEWTRUE
        stack.push(true);
        return;
      case 0x89: // NEWFALSE
        stack.push(false);
        return;
      case 0x4b: // BININT1
        stack.push(this.bytes[this.take(1)]);
        return;
      case 0x4d: // BININT2
        stack.push(view.getUint16(this.take(2), true));
        return;
      case 0x4a: // BININT
        stack.push(view.getInt32(this.take(4), true));
        return;
      case 0x8a: // LONG1
        stack.push(this.long(this.bytes[this.take(1)]));
        return;
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(this.take(8)));
        return;
      case 0x58: // BINUNICODE
        stack.push(this.text(view.getUint32(this.take(4), true)));
        return;
      case 0x63: // GLOBAL
        stack.push(new PickleGlobal(`${this.line()} ${this.line()}`));
        return;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        return;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        return;
      case 0x74: // TUPLE
        stack.push(this.popToMark());
        return;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(this.popMany(opcode - 0x84));
        return;
      case 0x61: // APPEND
        this.extend([this.pop()]);
        return;
      case 0x65: // APPENDS
        this.extend(this.popToMark());
        return;
      case 0x73: // SETITEM
        this.setItems(this.popMany(2));
        return;
      case 0x75: // SETITEMS
        this.setItems(this.popToMark());
        return;
      case 0x71: // BINPUT
        this.memo.set(this.bytes[this.take(1)], this.top());
        return;
      case 0x72: // LONG_BINPUT
        this.memo.set(view.getUint32(this.take(4), true), this.top());
        return;
      case 0x68: // BINGET
        stack.push(this.remembered(this.bytes[this.take(1)]));
        return;
      case 0x6a: // LONG_BINGET
        stack.push(this.remembered(view.getUint32(this.take(4), true)));
        return;
      case 0x51: // BINPERSID
        stack.push(this.machine.persistent(this.pop()));
        return;
      case 0x52: // REDUCE
        this.reduce();
        return;
      case 0x62: // BUILD: attributes of an object, which no tensor needs
        this.pop();
        this.top();
        return;
      default:
        throw this.damaged(`its pickle has the opcode 0x${opcode.toString(16)}`);
    }
  }

  private reduce(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!(callee instanceof PickleGlobal) || !Array.isArray(args)) {
      throw this.damaged('its pickle calls what is no function');
    }
    this.stack.push(this.machine.call(callee.name, args));
  }

  private extend(values: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw this.damaged('its pickle appends to what is no list');
    for (const value of values) list.push(value);
  }

  /** @param items keys and values in turn */
  private setItems(items: readonly PickleValue[]): void {
    const map = this.top();
    if (!(map instanceof Map) || items.length % 2 !== 0) {
      throw this.damaged('its pickle sets items of what is no dictionary');
    }
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  /** Two's complement, little-endian. */
  private long(length: number): PickleValue {
    const start = this.take(length);
    let value = 0n;
    for (let i = 0; i < length; i++) value |= BigInt(this.bytes[start + i]) << BigInt(8 * i);
    const signed = BigInt.asIntN(8 * length, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  private text(length: number): string {
    const start = this.take(length);
    try {
      return TEXT.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw this.damaged('its pickle has text that is not UTF-8');
    }
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) throw this.cutOff();
    const text = this.text(end - this.position);
    this.take(1);
    return text;
  }

  /** Goes on by so many bytes; where they begin. */
  private take(length: number): number {
    const start = this.position;
    if (length > this.bytes.length - start) throw this.cutOff();
    this.position += length;
    return start;
  }

  private top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === undefined || value === MARK)
      throw this.damaged('its pickle takes what is not there');
    return value as PickleValue;
  }

  private pop(): PickleValue {
    const value = this.top();
    this.stack.pop();
    return value;
  }

  private popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  private popToMark(): PickleValue[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw this.damaged('its pickle ends a list that has not begun');
    return this.stack.splice(mark).slice(1) as PickleValue[];
  }

  private remembered(index: number): PickleValue {
    const value = this.memo.get(index);
    if (value === undefined) throw this.damaged('its pickle recalls what it has not stored');
    return value;
  }

  private cutOff(): UserError {
    return this.damaged('it is cut off');
  }

  private damaged(what: string): UserError {
    return damagedPickle(this.name, what);
  }
}
