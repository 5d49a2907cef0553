export { removeAbandoned } from "./abandoned.ts";
export {
  isTemporaryName,
  temporaryName,
  writeFileAtomic,
  writeFolderAtomic,
  writeLinesAtomic,
} from "./atomic-file.ts";
export { collect } from "./collect.ts";
export { type Definition, type Paper, pathOption } from "./definition.ts";
export {
  didYouMean,
  ErrorList,
  type ErrorParts,
  InputError,
  KgraftError,
  messageOf,
  RunError,
  suggestion,
} from "./errors.ts";
export { isRecord, type JsonWords, parseJson, readJsonFile, readJsonFileIfThere } from "./json-file.ts";
export { type JsonLine, type Line, readJsonLines, readLines } from "./lines.ts";
export { lockInTurn, type Release, tryLock } from "./process-lock.ts";
export { type Bar, type Progress, silent } from "./progress.ts";
export { type Draw, philox, type Streams, streams } from "./random.ts";
