export { ernieThu } from "./ernie-thu.ts";
