export type { EntityVectors } from "./entity-vectors.ts";
