import { type Pickled, PickledDictionary, type PickledGlobal, PickleRefusal } from "./pickled.ts";

/** What an operation of a pickle works with: the stack, what follows it in the bytes, the memo, the world outside. */
export interface Hands {
  push(value: Pickled): void;
  pop(): Pickled;
  /** The value on top, which stays there. */
  top(): Pickled;
  mark(): void;
  /** Takes all values above the last mark, and the mark. */
  toMark(): Pickled[];
  number(read: (view: DataView, at: number) => number, size: number): number;
  text(length: number): string;
  /** The text up to the end of the line. */
  line(): string;
  /** @param index absent: the next */
  remember(index?: number): void;
  recall(index: number): void;
  global(name: string): PickledGlobal;
  call(callee: Pickled, args: readonly Pickled[]): Pickled;
  outside(id: Pickled): Pickled;
}

const byte = (hands: Hands): number => hands.number((view, at) => view.getUint8(at), 1);
const short = (hands: Hands): number => hands.number((view, at) => view.getUint16(at, true), 2);
const integer = (hands: Hands): number => hands.number((view, at) => view.getInt32(at, true), 4);
const length = (hands: Hands): number => hands.number((view, at) => view.getUint32(at, true), 4);
const long = (hands: Hands): number => hands.number((view, at) => Number(view.getBigUint64(at, true)), 8);
const double = (hands: Hands): number => hands.number((view, at) => view.getFloat64(at, false), 8);

/** A whole number of up to 8 bytes, little-endian, in two's complement. */
function longNumber(hands: Hands): number {
  const size = byte(hands);
  if (size > 8) throw new PickleRefusal(`holds a number of ${size} bytes`);
  let value = 0n;
  for (let i = 0; i < size; i++) value |= BigInt(byte(hands)) << BigInt(8 * i);
  const signed = Number(BigInt.asIntN(8 * size, value));
  if (!Number.isSafeInteger(signed)) throw new PickleRefusal(`holds the number ${value}`);
  return signed;
}

function tuple(count: number): (hands: Hands) => void {
  return (hands) => {
    const values = Array.from({ length: count }, () => hands.pop());
    hands.push(values.reverse());
  };
}

/** Puts keys and values into the dictionary below them. */
function setItems(hands: Hands, pairs: readonly Pickled[]): void {
  const target = hands.top();
  if (!(target instanceof PickledDictionary) || pairs.length % 2 > 0)
    throw new PickleRefusal("sets items of something that is no dictionary");
  for (let i = 0; i < pairs.length; i += 2) target.entries.set(pairs[i] as Pickled, pairs[i + 1] as Pickled);
}

function append(hands: Hands, values: readonly Pickled[]): void {
  const target = hands.top();
  if (!Array.isArray(target)) throw new PickleRefusal("appends to something that is no list");
  for (const value of values) target.push(value);
}

function reduce(hands: Hands): void {
  const args = hands.pop();
  if (!Array.isArray(args)) throw new PickleRefusal("calls with something that is no tuple");
  hands.push(hands.call(hands.pop(), args));
}

/** Attributes of a dictionary (a state_dict's `_metadata`) are left aside; nothing else may have any. */
function build(hands: Hands): void {
  hands.pop();
  if (!(hands.top() instanceof PickledDictionary)) throw new PickleRefusal("sets attributes of an object");
}

function stackGlobal(hands: Hands): void {
  const [name, module] = [hands.pop(), hands.pop()];
  if (typeof name !== "string" || typeof module !== "string") throw new PickleRefusal("names a global by no text");
  hands.push(hands.global(`${module}.${name}`));
}

/** Every opcode by which PyTorch writes tensors, with Python's names. STOP is the reader's own. */
export const operations: ReadonlyMap<number, (hands: Hands) => void> = new Map<number, (hands: Hands) => void>([
  [0x80, (hands) => void byte(hands)], // PROTO
  [0x95, (hands) => void long(hands)], // FRAME
  [0x28, (hands) => hands.mark()], // MARK
  [0x4e, (hands) => hands.push(null)], // NONE
  [0x88, (hands) => hands.push(true)], // NEWTRUE
  [0x89, (hands) => hands.push(false)], // NEWFALSE
  [0x4b, (hands) => hands.push(byte(hands))], // BININT1
  [0x4d, (hands) => hands.push(short(hands))], // BININT2
  [0x4a, (hands) => hands.push(integer(hands))], // BININT
  [0x8a, (hands) => hands.push(longNumber(hands))], // LONG1
  [0x47, (hands) => hands.push(double(hands))], // BINFLOAT
  [0x55, (hands) => hands.push(hands.text(byte(hands)))], // SHORT_BINSTRING
  [0x54, (hands) => hands.push(hands.text(length(hands)))], // BINSTRING
  [0x8c, (hands) => hands.push(hands.text(byte(hands)))], // SHORT_BINUNICODE
  [0x58, (hands) => hands.push(hands.text(length(hands)))], // BINUNICODE
  [0x5d, (hands) => hands.push([])], // EMPTY_LIST
  [0x29, (hands) => hands.push([])], // EMPTY_TUPLE
  [0x7d, (hands) => hands.push(new PickledDictionary())], // EMPTY_DICT
  [0x74, (hands) => hands.push(hands.toMark())], // TUPLE
  [0x85, tuple(1)], // TUPLE1
  [0x86, tuple(2)], // TUPLE2
  [0x87, tuple(3)], // TUPLE3
  [0x61, (hands) => append(hands, [hands.pop()])], // APPEND
  [0x65, (hands) => append(hands, hands.toMark())], // APPENDS
  [0x73, (hands) => setItems(hands, [hands.pop(), hands.pop()].reverse())], // SETITEM
  [0x75, (hands) => setItems(hands, hands.toMark())], // SETITEMS
  [0x71, (hands) => hands.remember(byte(hands))], // BINPUT
  [0x72, (hands) => hands.remember(length(hands))], // LONG_BINPUT
  [0x94, (hands) => hands.remember()], // MEMOIZE
  [0x68, (hands) => hands.recall(byte(hands))], // BINGET
  [0x6a, (hands) => hands.recall(length(hands))], // LONG_BINGET
  [0x63, (hands) => hands.push(hands.global(`${hands.line()}.${hands.line()}`))], // GLOBAL
  [0x93, stackGlobal], // STACK_GLOBAL
  [0x51, (hands) => hands.push(hands.outside(hands.pop()))], // BINPERSID
  [0x52, reduce], // REDUCE
  [0x62, build], // BUILD
]);
