export type { Linker } from "./linker.ts";
