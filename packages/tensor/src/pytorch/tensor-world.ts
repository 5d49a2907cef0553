import type { ElementType } from "../safetensors/element-types.ts";
import { sizeOf } from "../shapes.ts";
import {
  type Pickled,
  PickledDictionary,
  PickledGlobal,
  PickledObject,
  PickleRefusal,
  type PickleWorld,
} from "./pickled.ts";

/** A run of numbers outside the pickle. */
export class StoredNumbers extends PickledObject {
  readonly kind = "storage";
  readonly type: ElementType;
  readonly key: string;
  /** Numbers in it. */
  readonly size: number;

  constructor(type: ElementType, key: string, size: number) {
    super();
    this.type = type;
    this.key = key;
    this.size = size;
  }
}

/** A tensor: a view of stored numbers. */
export class StoredTensor extends PickledObject {
  readonly kind = "tensor";
  readonly storage: StoredNumbers;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: StoredNumbers, offset: number, shape: readonly number[], strides: readonly number[]) {
    super();
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** Names of PyTorch's storages, and what they hold. */
const storageTypes: Readonly<Record<string, ElementType>> = {
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.DoubleStorage": "F64",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};

/** What a call of each known global stands for. */
const calls: Readonly<Record<string, (args: readonly Pickled[]) => Pickled>> = {
  "collections.OrderedDict": (args) => {
    if (args.length > 0) throw new PickleRefusal("makes an OrderedDict of something");
    return new PickledDictionary();
  },
  "torch._utils._rebuild_tensor": tensorOf,
  "torch._utils._rebuild_tensor_v2": tensorOf,
  "torch._utils._rebuild_parameter": ([tensor = null]) => {
    if (tensor instanceof StoredTensor) return tensor;
    throw new PickleRefusal("makes a parameter of something that is no tensor");
  },
};

/** All that a file of weights names: dictionaries, tensors, parameters and their storages, which it keeps by key. */
export class TensorWorld implements PickleWorld {
  readonly storages = new Map<string, StoredNumbers>();

  global(name: string): PickledGlobal {
    if (Object.hasOwn(calls, name) || Object.hasOwn(storageTypes, name)) return new PickledGlobal(name);
    throw new PickleRefusal(`names ${name}, which is no part of plain weights`);
  }

  call({ name }: PickledGlobal, args: readonly Pickled[]): Pickled {
    const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
    if (call === undefined) throw new PickleRefusal(`calls ${name}`);
    return call(args);
  }

  outside(id: Pickled): StoredNumbers {
    const [word, type, key, , size, view = null] = Array.isArray(id) ? id : [];
    const element = type instanceof PickledGlobal ? storageTypes[type.name] : undefined;
    if (word !== "storage" || element === undefined || typeof key !== "string" || !isCount(size) || view !== null)
      throw new PickleRefusal("refers to something outside that is no storage of numbers");
    const known = this.storages.get(key) ?? new StoredNumbers(element, key, size);
    this.storages.set(key, known);
    return known;
  }
}

function tensorOf([storage = null, offset = null, shape = null, strides = null]: readonly Pickled[]): StoredTensor {
  if (!(storage instanceof StoredNumbers) || !isCount(offset) || !isCounts(shape) || !isCounts(strides))
    throw new PickleRefusal("makes a tensor of something else than a storage, an offset, a shape and strides");
  const last = offset + shape.reduce((sum, extent, axis) => sum + (extent - 1) * (strides[axis] ?? Number.NaN), 0);
  const size = sizeOf(shape);
  if (shape.length !== strides.length || size > storage.size || (size > 0 && !(last < storage.size)))
    throw new PickleRefusal(`makes a tensor [${shape.join(", ")}] that reaches past its ${storage.size} numbers`);
  return new StoredTensor(storage, offset, shape, strides);
}

const isCount = (value: Pickled | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: Pickled): value is readonly number[] => Array.isArray(value) && value.every(isCount);

/**
 * Lists the tensors of a state: those of the dictionary itself, or of the one that it holds under `state_dict` or `model`.
 *
 * @throws PickleRefusal where there is none
 */
export function tensorsOf(value: Pickled): ReadonlyMap<string, StoredTensor> {
  if (!(value instanceof PickledDictionary)) throw new PickleRefusal("holds no dictionary of tensors");
  for (const key of ["state_dict", "model"]) {
    const inner = value.entries.get(key);
    if (inner instanceof PickledDictionary) return tensorsOf(inner);
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [name, item] of value.entries)
    if (typeof name === "string" && item instanceof StoredTensor) tensors.set(name, item);
  if (tensors.size === 0) throw new PickleRefusal("holds no tensor");
  return tensors;
}
