export { kAdapter } from "./k-adapter.ts";
