import type { FusionDefinition } from "@kgraft/fusion";
import type { ContainerModule } from "inversify";

/** Adds the gated mean vector of a text's entities behind one layer. */
export declare const meanEntity: FusionDefinition<{ layer?: number | null | undefined }, Float32Array>;

declare const module: ContainerModule;
export default module;
