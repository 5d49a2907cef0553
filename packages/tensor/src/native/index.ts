export { buildNative, isNativeBuilt, type NativeBuild, nativeFolder } from "./build-native.ts";
export { cacheFolder } from "./cache-folder.ts";
export type { NativeKind } from "./recipe.ts";
export { extractFromWheel, fetchWheel, type WheelSpec } from "./wheel.ts";
