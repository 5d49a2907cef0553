/** The slot of embedding models: every definition bound to it can be named in a config. */
export const KG_EMBEDDING = Symbol.for("kgraft.kg-embedding");
