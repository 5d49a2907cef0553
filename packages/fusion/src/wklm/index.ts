export { wklm } from "./wklm.ts";
