/** Service identifier under which corpora are bound. */
export const CORPUS = Symbol.for("kgraft.corpus");
