export { kBert } from "./k-bert.ts";
