/** A value of a pickle: what is data stays data, and what stands for an object is one of ours. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | readonly Pickled[]
  | PickledDictionary
  | PickledGlobal
  | PickledObject;

/** A Python dictionary, ordered or not. */
export class PickledDictionary {
  readonly entries = new Map<Pickled, Pickled>();
}

/** The name of something in a Python module; it is never imported. */
export class PickledGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Our own counterpart of what a pickle would have made by calling a global. */
export abstract class PickledObject {
  abstract readonly kind: string;
}

/** What a pickle may name and call; anything else is refused before anything is made of it. */
export interface PickleWorld {
  /** @throws PickleRefusal where the global is not one of those that stand for weights */
  global(name: string): PickledGlobal;
  /** What a call of a global with these arguments stands for. */
  call(global: PickledGlobal, args: readonly Pickled[]): Pickled;
  /** What a reference to something outside the pickle stands for. */
  outside(id: Pickled): Pickled;
}

/** Why a pickle is not read, without a place. */
export class PickleRefusal extends Error {}

/** A pickle that goes on behind the bytes at hand. */
export class PickleCutShort extends PickleRefusal {
  constructor() {
    super("is cut short");
  }
}
