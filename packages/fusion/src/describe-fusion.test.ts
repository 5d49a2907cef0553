import { ernieThu } from "./ernie-thu/index.ts";
import { kBert } from "./k-bert/index.ts";
import { kgBert } from "./kg-bert/index.ts";
import { none } from "./none.ts";
import { describeFusion } from "./testing.ts";
import { wklm } from "./wklm/index.ts";

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
    candidates: { candidates: "graph" },
  },
});

describeFusion(kgBert, { refused: { truncation: { truncation: "tail-first" } } });

describeFusion(kBert, {
  refused: {
    maxTriplesPerMention: { maxTriplesPerMention: -1 },
    branchText: { branchText: "head" },
    relations: { relations: [] },
    lookup: { lookup: "characters" },
    positions: { positions: "none" },
    visibleMatrix: { visibleMatrix: "no" },
    truncation: { truncation: "text-first" },
  },
});

describeFusion(wklm, {
  options: { replaceRate: 0.5 },
  refused: {
    replaceRate: { replaceRate: 0.6 },
    types: { types: "guessed" },
    maxMembers: { maxMembers: 1 },
    states: { states: "start-end" },
    dropout: { dropout: 1 },
    maskMentions: { maskMentions: "no" },
  },
});
