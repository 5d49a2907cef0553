import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunError } from "@kgraft/runtime";
import type { WheelSpec } from "./wheel.ts";

/** Whether the library computes on the CPU only or also on CUDA devices. */
export type NativeKind = "cpu" | "cuda";

/** The package whose binding is built; the same sources serve CPU and CUDA. */
export const BINDING_PACKAGE = "@tensorflow/tfjs-node-gpu";
export const BINDING_VERSION = "4.22.0";
export const TENSORFLOW_VERSION = "2.21.0";

/** Folder of the C++ that is compiled beside the binding: ops of our own, and the silencer. The build reads it from `src`. */
export const KERNEL_FOLDER = fileURLToPath(new URL("../../src/native/kernels/", import.meta.url));

/** The wheel that holds TensorFlow's C library. */
export function tensorFlowWheel(kind: NativeKind): WheelSpec {
  return {
    name: kind === "cpu" ? "tensorflow-cpu" : "tensorflow",
    version: TENSORFLOW_VERSION,
    // The wheel's Python, not this machine's: none of its Python code is used.
    target: {
      python: "3.12",
      platforms: ["manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    },
  };
}

/** Names the folder of TensorFlow's library. */
export function libraryKey(kind: NativeKind): string {
  const digest = digestOf([...LIBRARIES, ...HEADER_FOLDERS]);
  return `tensorflow-${TENSORFLOW_VERSION}-${kind}-${process.platform}-${process.arch}-${digest}`;
}

/** Names the folder of a build: whatever changes what is built changes the name. */
export function nativeKey(kind: NativeKind): string {
  const kernels = readdirSync(KERNEL_FOLDER).sort();
  const digest = digestOf([
    BINDING_VERSION,
    libraryKey(kind),
    STRING_LIST,
    LOADER,
    ...Object.values(SKELETON),
    ...kernels.map((name) => readFileSync(join(KERNEL_FOLDER, name), "utf8")),
  ]);
  return `binding-${BINDING_VERSION}-${kind}-node-abi${process.versions.modules}-${process.platform}-${process.arch}-${digest}`;
}

function digestOf(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 8);
}

const LIBRARIES = ["tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"];
const HEADER_FOLDERS = [
  "tensorflow/c/",
  "tensorflow/core/common_runtime/next_pluggable_device/c/",
  "tensorflow/core/platform/ctstring",
  "tensorflow/tsl/platform/ctstring",
  "tensorflow/tsl/c/",
  "tsl/platform/ctstring",
  "tsl/platform/platform.h",
  "tsl/c/",
  "xla/tsl/c/",
];

/** Where a file of the wheel belongs below the library's folder (the binding's `deps`), or undefined where it is not needed. */
export function dependencyPath(name: string): string | undefined {
  if (LIBRARIES.includes(name)) return `lib/${name.slice("tensorflow/".length)}`;
  const header = name.startsWith("tensorflow/include/") ? name.slice("tensorflow/include/".length) : "";
  return header.endsWith(".h") && HEADER_FOLDERS.some((folder) => header.startsWith(folder))
    ? `include/${header}`
    : undefined;
}

/**
 * Mends the binding's source in two places: its set of attribute names is shared by all threads without a lock, which
 * ends in crashes when several threads compute (one set a thread is enough); and lists of strings become attributes.
 *
 * @throws RunError `tensor.native.source` where the source is not the one expected
 */
export function mendSource(source: string): string {
  const mended = source
    .replace(
      "\nstatic std::set<std::string> ATTR_NAME_SET;",
      "\nstatic thread_local std::set<std::string> ATTR_NAME_SET;",
    )
    .replace("\n    case TF_ATTR_STRING: {", `\n    case TF_ATTR_STRING: {${STRING_LIST}`);
  if (mended.includes("static thread_local") && mended.includes(STRING_LIST)) return mended;
  throw new RunError({
    code: "tensor.native.source",
    at: `${BINDING_PACKAGE}@${BINDING_VERSION}`,
    problem: "its binding's source is not the one that this version of kgraft knows how to mend",
    fix: "Install kgraft again, or a newer version",
  });
}

const STRING_LIST = `
      if (IsArray(env, nstatus, &js_value)) {
        uint32_t length;
        nstatus = napi_get_array_length(env, js_value, &length);
        ENSURE_NAPI_OK(env, nstatus);
        std::vector<std::string> strings(length);
        std::vector<const void *> starts;
        std::vector<size_t> lengths;
        for (uint32_t i = 0; i < length; ++i) {
          napi_value element;
          nstatus = napi_get_element(env, js_value, i, &element);
          ENSURE_NAPI_OK(env, nstatus);
          nstatus = GetStringParam(env, element, strings[i]);
          ENSURE_NAPI_OK(env, nstatus);
          starts.push_back(strings[i].data());
          lengths.push_back(strings[i].size());
        }
        TFE_OpSetAttrStringList(tfe_op, attr_name, starts.data(),
                                lengths.data(), static_cast<int>(length));
        break;
      }`;

/**
 * Files of the build's folder: npm puts two one-line packages in the place of TensorFlow.js's own, whose exports the
 * loader fills with the core of whoever loads. So a process has one core and one engine, and 290 MB less are installed.
 */
export const SKELETON: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    private: true,
    dependencies: { [BINDING_PACKAGE]: BINDING_VERSION, "@tensorflow/tfjs-core": "file:./tfjs-core" },
    overrides: { "@tensorflow/tfjs": "file:./tfjs" },
  }),
  "tfjs/package.json": JSON.stringify({ name: "@tensorflow/tfjs", version: BINDING_VERSION, main: "index.cjs" }),
  "tfjs/index.cjs": "module.exports = {};\n",
  "tfjs-core/package.json": JSON.stringify({
    name: "@tensorflow/tfjs-core",
    version: BINDING_VERSION,
    main: "index.cjs",
  }),
  "tfjs-core/index.cjs": 'module.exports = require("../tfjs/index.cjs");\n',
};

/**
 * Loads the binding on a given TensorFlow.js core: `load(core)`. Node 23 took away two functions that it calls; and
 * TensorFlow's remarks while it loads are silenced unless asked for (errors are thrown all the same).
 */
export const LOADER = `"use strict";
const util = require("node:util");
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
module.exports = function load(core) {
  Object.assign(require("@tensorflow/tfjs"), core, {
    version: { "tfjs-core": core.version_core },
    CustomCallback: class {},
    registerCallbackConstructor() {},
  });
  const { hush, speak } = require("./quiet.node");
  if (process.env.TF_CPP_MIN_LOG_LEVEL === "3") hush();
  try {
    return require("${BINDING_PACKAGE}");
  } finally {
    speak();
  }
};
`;

/** Multiplies and compares, in a process of its own: `node -e PROOF LOADER CORE`; prints TensorFlow's version. */
export const PROOF = `
const [loader, corePath] = process.argv.slice(1);
try {
  const core = require(corePath);
  require(loader)(core);
  const sum = core.sum(core.matMul(core.ones([64, 64]), core.ones([64, 64]))).dataSync()[0];
  if (core.getBackend() !== "tensorflow" || sum !== 64 ** 3) throw new Error("64 ones, cubed, gave " + sum + " on " + core.getBackend());
  process.stdout.write(String(core.backend().binding.TF_Version));
} catch (error) {
  process.stderr.write(error.message);
  process.exitCode = 1;
}
`;
