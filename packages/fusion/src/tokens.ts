/** What a `ContainerModule` binds its fusion strategies to; bound many times. Survives a second copy of this package. */
export const FUSION = Symbol.for("kgraft.fusion");
