import { describeFusion } from "../testing.ts";
import { kAdapter } from "./index.ts";
import { taughtWorld } from "./testing/taught-world.ts";

const adapters = {
  factual: { task: "relation", layers: [0, 4] },
  linguistic: { task: "dependency", layers: [2] },
  still: { layers: [1] },
};

describeFusion(kAdapter, {
  options: { adapters, innerLayers: 1, innerHeads: 2 },
  world: taughtWorld,
  refused: {
    "adapters.factual.task": { adapters: { factual: { task: "typing" } } },
    "adapters.factual.layers.0": { adapters: { factual: { layers: [-1] } } },
    "adapters.factual.layers": { adapters: { factual: { layers: [] } } },
    "adapters.Two words": { adapters: { "Two words": {} } },
    fusion: { fusion: "mean" },
    start: { start: "zero" },
    innerSize: { innerSize: 20, innerHeads: 12 },
    innerLayers: { innerLayers: 0 },
    dropout: { dropout: 1 },
    skipLayers: { skipLayers: 1 },
    attendPadding: { attendPadding: "yes" },
    dependencyPositions: { dependencyPositions: 0 },
  },
});
