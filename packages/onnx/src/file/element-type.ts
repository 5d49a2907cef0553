/** Element types that a file of ours holds, by their numbers in `TensorProto.DataType`. */
export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;

/** The type of a tensor's elements. */
export type ElementType = keyof typeof elementTypes;
