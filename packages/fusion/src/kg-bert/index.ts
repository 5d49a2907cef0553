export { kgBert } from "./kg-bert.ts";
export { validityOf } from "./validity-head.ts";
