// npm run showcase: the README's table, in full size with three seeds.
import { kgraft, setUp, setUpNative } from "./setup.mjs";

setUp();
setUpNative();
process.exitCode = kgraft([
  "compare",
  "configs/wordnet-supersense.yaml",
  "--strategies",
  "none,ernie-thu,ernie-thu@random",
  "--seeds",
  "3",
  ...process.argv.slice(2),
]);
