// Makes the data of this folder from the toy graph: node kg-fixtures/typing/make.mjs
import { readFileSync, writeFileSync } from "node:fs";

const here = new URL(".", import.meta.url);
const entities = readFileSync(new URL("../toy/entities.jsonl", here), "utf8").trim().split("\n").map(JSON.parse);

/** The kind above each of the graph's types. */
const kinds = {
  place: ["country", "sea", "river", "city", "mountain"],
  person: ["person"],
  organisation: ["band", "company"],
  animal: ["species", "taxon"],
  thing: ["event", "ship"],
};

/** {} is the span to be typed; what else is named gives the sentence its context. Last four: one validation, three test. */
const sentences = {
  place: [
    "Boats from Casta reach {} before noon.", "The painter spent a summer near {}.", "Rain fell on {} for nine days.",
    "Old maps of the Ember Sea show {} in red.", "{} appears in every school atlas.", "A path from Nørhavn leads towards {}.",
    "We saw {} from the harbour wall.", "Mirabel Okonjo counted birds around {}.", "Nobody drew {} better than Orin Valdís. 🗺️",
    "The letter 📜 came from {} by ship.",
  ],
  person: [
    "A letter from {} was read at Casta.", "{} opened the new quay of Nørhavn.", "The students asked {} about glass herons.",
    "In the spring {} sailed from Brennick.", "Halcyon Works invited {} to the launch.", "They named a lane after {}.",
    "{} never spoke of the storm.", "The diary of {} was found in Talvera.", "A portrait 🎨 of {} hangs in the hall.",
    "Children brought flowers to {}.",
  ],
  organisation: [
    "The clerks of {} went home early.", "{} paid its debts in Nørhavn.", "A contract with {} was signed at Casta.",
    "Reporters waited outside {} all day.", "{} moved to a larger house by the Orin River.", "The founders of {} met in Talvera.",
    "{} printed a new poster. 🎶", "Sundrel sent a telegram to {}.", "An apprentice left {} in May.",
    "The members of {} voted twice.",
  ],
  animal: [
    "A {} nested under the pier.", "The {} is seldom seen in Sundrel.", "Mirabel Okonjo drew a {} at dawn.",
    "One {} followed the boat to Casta.", "We heard a {} near the Orin River.", "The {} feeds on small fish. 🐟",
    "A {} crossed the Ember Sea.", "Fishermen tell of a {} with white feathers.", "No {} was counted that winter.",
    "The {} fled from Mount Kessa.",
  ],
  thing: [
    "Everyone in Casta remembers the {}.", "The {} was painted by Orin Valdís.", "Songs about the {} are old.",
    "Ilse Brandt spoke of the {} in Talvera.", "The {} came late that year.", "Lamps 🏮 were lit for the {}.",
    "A stamp of Sundrel shows the {}.", "The {} gave the inn its name.", "Papers in Nørhavn praised the {}.",
    "Nobody had seen the {} before.",
  ],
};

const parts = { train: [], validation: [], test: [] };
for (const { id, label, types } of entities) {
  const [kind] = Object.entries(kinds).find(([, below]) => below.includes(types[0]));
  const labels = [...new Set([kind, ...types])].sort();
  for (const [index, sentence] of sentences[kind].entries()) {
    const [before, after] = sentence.split("{}");
    if (`${before}${after}`.includes(label)) continue;
    const start = [...before].length;
    const part = index < 6 ? "train" : index === 6 ? "validation" : "test";
    parts[part].push({ id: `${id}-${index}`, text: `${before}${label}${after}`, target: { start, end: start + [...label].length }, labels });
  }
}
const lines = (items) => items.map((item) => `${JSON.stringify(item)}\n`).join("");
for (const [part, examples] of Object.entries(parts)) writeFileSync(new URL(`${part}.jsonl`, here), lines(examples));

const described = entities.map(({ id, label, description }) => ({ id: `description-${id}`, text: `${label} is ${description}.` }));
const remarks = [
  "🚢 Aurelia left Nørhavn at noon.", "Nothing of note happened that day.", "👩‍🔬 Okonjo saw a halcyon 🐦 by the Orin.",
  "The 灯祭り lights Casta up. 🏮🏮", "Halcyon Works builds ships at Nørhavn.", "Κέσσα is the highest mountain of Talvera.",
].map((text, index) => ({ id: `remark-${index}`, text }));
writeFileSync(new URL("text.jsonl", here), lines([...described, ...remarks]));
for (const [part, { length }] of Object.entries(parts)) process.stdout.write(`${part}: ${length}\n`);
