/** The slot that graph adapters are bound under; a package binds as many {@link GraphDefinition}s as it brings. */
export const GRAPH = Symbol.for("kgraft.graph");
