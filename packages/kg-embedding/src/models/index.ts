export { complex } from "./complex.ts";
export { distmult } from "./distmult.ts";
export { rotate } from "./rotate.ts";
export { transe } from "./transe.ts";
