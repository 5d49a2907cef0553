import { ernieThu } from "./ernie-thu/index.ts";
import { none } from "./none.ts";
import { describeFusion } from "./testing.ts";

describeFusion(none);

describeFusion(ernieThu, {
  options: { fusedLayers: [1, 2, 3] },
  refused: {
    "fusedLayers.0": { fusedLayers: [-1] },
    layerTypes: { layerTypes: ["mix"] },
    entityHeads: { entityHeads: 0 },
    dropout: { dropout: 1 },
    vectorNorm: { vectorNorm: 0 },
    hideRate: { replaceRate: 0.6, hideRate: 0.5 },
    alignment: { alignment: "last-piece" },
  },
});
