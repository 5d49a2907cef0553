/** What a `ContainerModule` binds its fine-tuning tasks to; bound many times. */
export const TASK = Symbol.for("kgraft.task");
/** What a `ContainerModule` binds its pre-training objectives to; bound many times. */
export const OBJECTIVE = Symbol.for("kgraft.objective");
