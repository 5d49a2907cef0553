// npm start: from a fresh clone to a table that shows what a knowledge graph did to a pre-trained encoder.
import { kgraft, setUp, setUpNative } from "./setup.mjs";

setUp();
const native = setUpNative();
if (!native) process.stderr.write("Going on with WebAssembly: the same questions on fewer examples.\n");
const config = native ? "configs/quickstart.yaml" : "configs/quickstart-wasm.yaml";
process.exitCode = kgraft([
  "compare",
  config,
  "--strategies",
  "none,ernie-thu,ernie-thu@random",
  ...process.argv.slice(2),
]);
