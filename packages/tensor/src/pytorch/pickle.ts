import { type Hands, operations } from "./pickle-operations.ts";
import { PickleCutShort, type Pickled, PickledGlobal, PickleRefusal, type PickleWorld } from "./pickled.ts";

/** Stands on the stack where a list of arguments begins. */
const mark = Symbol("mark");
type Slot = Pickled | typeof mark;

/**
 * Reads one pickle as data. Nothing of it is ever run: of the opcodes only those are known by which PyTorch writes tensors,
 * and a global only stands for what `world` knows under its name.
 *
 * @returns the value, and where the pickle ends
 * @throws PickleRefusal for any other opcode, a broken stack, or a pickle that is cut short
 * @source Python's pickletools, protocols 2 to 4
 */
export function readPickle(bytes: Uint8Array, start: number, world: PickleWorld): { value: Pickled; end: number } {
  const machine = new PickleMachine(bytes, start, world);
  return { value: machine.run(), end: machine.position };
}

class PickleMachine {
  position: number;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #world: PickleWorld;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, Pickled>();

  constructor(bytes: Uint8Array, start: number, world: PickleWorld) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = start;
    this.#world = world;
  }

  run(): Pickled {
    for (;;) {
      const at = this.position;
      const opcode = this.#byte();
      if (opcode === 0x2e) return this.#pop(); // STOP
      const operation = operations.get(opcode);
      if (operation === undefined)
        throw new PickleRefusal(`has the opcode 0x${opcode.toString(16).padStart(2, "0")} at byte ${at}`);
      operation(this.#hands);
    }
  }

  /** What an operation works with. */
  readonly #hands: Hands = {
    push: (value) => void this.#stack.push(value),
    pop: () => this.#pop(),
    top: () => {
      const value = this.#pop();
      this.#stack.push(value);
      return value;
    },
    mark: () => void this.#stack.push(mark),
    toMark: () => this.#toMark(),
    number: (read, size) => {
      const value = read(this.#view, this.#skip(size));
      return value;
    },
    text: (length) => {
      const from = this.#skip(length);
      return decoder.decode(this.#bytes.subarray(from, from + length));
    },
    line: () => this.#line(),
    remember: (index) => void this.#memo.set(index ?? this.#memo.size, this.#hands.top()),
    recall: (index) => {
      const value = this.#memo.get(index);
      if (value === undefined) throw new PickleRefusal(`recalls ${index}, which it never remembered`);
      this.#stack.push(value);
    },
    global: (name) => this.#world.global(name),
    call: (callee, args) => {
      if (!(callee instanceof PickledGlobal)) throw new PickleRefusal("calls something that is no global");
      return this.#world.call(callee, args);
    },
    outside: (id) => this.#world.outside(id),
  };

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw new PickleRefusal("takes from an empty stack");
    return value;
  }

  #toMark(): Pickled[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw new PickleRefusal("has no mark where a list of values ends");
    return this.#stack.splice(at).slice(1) as Pickled[];
  }

  #byte(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  #skip(length: number): number {
    const from = this.position;
    if (length < 0 || from + length > this.#bytes.length) throw new PickleCutShort();
    this.position += length;
    return from;
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) throw new PickleCutShort();
    const from = this.#skip(end + 1 - this.position);
    return decoder.decode(this.#bytes.subarray(from, end));
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });
