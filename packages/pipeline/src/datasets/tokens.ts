/** Service identifier under which data sets are bound. */
export const DATASET = Symbol.for("kgraft.dataset");
