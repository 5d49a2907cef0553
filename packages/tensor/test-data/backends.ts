import { isNativeBuilt } from "../src/native/build-native.ts";

/** Backends that tests run on; "native" where it was built on this machine, since nothing is downloaded for a test. */
export const testedBackends: readonly string[] = isNativeBuilt("cpu") ? ["cpu", "wasm", "native"] : ["cpu", "wasm"];
