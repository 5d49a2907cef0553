/** Where in somebody's code a TensorFlow.js function was called. */
export interface CallSite {
  /** The outermost TensorFlow.js function, e.g. `dataSync`. */
  readonly op: string;
  /** `file:line` of the caller. */
  readonly line: string;
}

const library = /@tensorflow[\\/]|[\\/](?:src|dist)[\\/]backend[\\/]|[\\/]pure-step[\\/](?!.*\.test\.)/;

/** The caller of the library, from the stack of the function that asks. */
export function callSite(): CallSite {
  return captureCallSite()();
}

/** Keeps the stack as it is now; who called is found out only when that is asked for, since reading a stack is slow. */
export function captureCallSite(): () => CallSite {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const captured = new Error();
  Error.stackTraceLimit = limit;
  return () => callerIn(captured.stack ?? "");
}

function callerIn(stack: string): CallSite {
  const frames = stack.split("\n").slice(1).map(parseFrame);
  const outside = frames.findIndex(({ file }) => file !== "" && !library.test(file) && !file.startsWith("node:"));
  const names = frames.slice(0, outside).filter(({ file }) => file.includes("@tensorflow"));
  const op = names.findLast(({ name }) => /^[a-z]\w*$/i.test(name))?.name ?? "an op";
  const { file, line } = frames[outside] ?? { file: "unknown", line: "0" };
  return { op, line: `${file.replace(/^file:\/\//, "")}:${line}` };
}

function parseFrame(text: string): { name: string; file: string; line: string } {
  const [, name = "", file = "", line = ""] = /at (?:(.*?) \()?(.*?):(\d+):\d+\)?$/.exec(text.trim()) ?? [];
  const alias = /\[as (\w+)\]/.exec(name)?.[1];
  return { name: alias ?? (name.split(".").at(-1) ?? "").replace(/_+(op)?$/, ""), file, line };
}
