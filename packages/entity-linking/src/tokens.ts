/** The slot that linkers are bound under; a package binds as many {@link LinkerDefinition}s as it brings. */
export const LINKER = Symbol.for("kgraft.linker");
