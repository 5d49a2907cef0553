import { type HostArray, type HostBatch, openBackend } from "@kgraft/tensor";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { batchArrays } from "../batch.ts";
import type { FusionDefinition } from "../contract.ts";
import { none } from "../none.ts";
import type { PreparedText } from "../prepared-text.ts";
import { letterWorld, type WordTriple, wordExample } from "../testing/letter-world.ts";
import type { SmallWorld } from "../testing/small-world.ts";
import { openTrial, type States } from "../testing/trial.ts";
import { arrays } from "./collate.ts";
import { kBert } from "./k-bert.ts";
import type { TreePlaces } from "./sentence-tree.ts";
import { visibleRows } from "./visible-matrix.ts";

/* Laws of the computation on an encoder of 4 layers, texts of single letters. */
const graph: readonly WordTriple[] = [
  ["ab", "m", "xy"],
  ["ab", "n", "zz"],
  ["de", "m", "w"],
];
const texts = [
  ["ab", "c", "de"],
  ["i", "ab", "j", "ab"],
  ["i", "j", "k"],
];
const linked = ["ab", "de"];
const length = 24;

let world: SmallWorld;
beforeAll(async () => {
  await openBackend("cpu");
  world = await letterWorld(graph);
});

/** A strategy over the world with another graph or options, and its batch of the texts. */
async function tried(triples: readonly WordTriple[], options: object = {}, numLayers = 4, definition: unknown = kBert) {
  const own = { ...(await letterWorld(triples)), encoder: { ...world.encoder, numLayers } };
  const trial = openTrial(definition as FusionDefinition, { ...options }, own);
  onTestFinished(() => trial.parameters.dispose());
  const prepared = await trial.prepare(texts.map((words) => wordExample(words, linked)));
  return {
    trial,
    prepared,
    batch: trial.collate(prepared, length),
    states: trial.run(trial.collate(prepared, length)),
  };
}

const plain = (numLayers = 4) => tried(graph, {}, numLayers, none);

/** The states of chosen pieces of a row. */
function statesAt({ shape, values }: States, row: number, pieces: readonly number[]): number[][] {
  const [, columns, size] = shape as [number, number, number];
  return pieces.map((piece) =>
    Array.from(values.subarray((row * columns + piece) * size, (row * columns + piece + 1) * size)),
  );
}

const real = ({ encoding }: PreparedText): number[] => [...encoding.ids.keys()];
const placesOf = (one: PreparedText): TreePlaces => one.knowledge as TreePlaces;
const trunkOf = (one: PreparedText): number[] => real(one).filter((piece) => placesOf(one).branches[piece] === 0);

function furthest(a: readonly number[][], b: readonly number[][]): number {
  return Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - (b[i]?.[j] ?? Number.NaN)))));
}

/** The pieces of the first row at which two runs differ. */
function changed(a: States, b: States, pieces: readonly number[]): number[] {
  return pieces.filter((piece) => furthest(statesAt(a, 0, [piece]), statesAt(b, 0, [piece])) > 0);
}

/** The batch with its pieces in another order, along every axis of pieces. */
function permuted(batch: HostBatch, order: readonly number[]): HostBatch {
  const moved = Object.entries(batch.arrays).map(([name, array]) => {
    const rows = array.shape[0] as number;
    const square = array.shape.length === 3;
    const data = array.data.slice();
    for (let row = 0; row < rows; row++)
      for (const [to, from] of order.entries())
        for (const [other, turned] of square ? order.entries() : [[0, 0] as const]) {
          const width = square ? order.length : 1;
          const at = (piece: number, column: number) => (row * order.length + piece) * width + column;
          data[at(to, other)] = array.data[at(from, turned)] as number;
        }
    return [name, { ...array, data }];
  });
  return { ...batch, arrays: Object.fromEntries(moved) };
}

describe("k-bert is neutral, bit for bit on real pieces,", () => {
  it.each([
    ["with a graph that knows none of the words", [["q", "m", "r"]], {}],
    ["with no branch allowed", graph, { maxTriplesPerMention: 0 }],
    ["with no relation that has a triple here", [...graph, ["q", "o", "r"]], { relations: ["o"] }],
    ["with labels that do not occur", [["q", "m", "r"]], { lookup: "words" }],
    ["whatever words the text is cut into", [["abc", "m", "r"]], { lookup: "words", positions: "hard" }],
  ] as const)("%s", async (_, triples, options) => {
    const [{ states, prepared }, other] = [await tried(triples as readonly WordTriple[], options), await plain()];
    for (const [row, one] of prepared.entries())
      expect(statesAt(states, row, real(one))).toEqual(statesAt(other.states, row, real(one)));
  });

  it("where everything sees everything at hard positions: plain BERT on the flattened text", async () => {
    const { prepared, states } = await tried(graph, { positions: "hard", visibleMatrix: false });
    const { trial } = await plain();
    const flattened = trial.run(trial.collate(prepared, length));
    expect(prepared[0]?.encoding.tokens.length).toBeGreaterThan(9);
    expect(states).toEqual(flattened);
  });
});

describe("the order of pieces carries nothing", () => {
  it("pieces, places and segments in another order give the states in that order", async () => {
    const { trial, batch, states, prepared } = await tried(graph);
    const order = Array.from({ length }, (_, i) => (i * 7 + 3) % length);
    const turned = trial.run(permuted(batch, order));
    const at = real(prepared[0] as PreparedText);
    expect(
      furthest(
        statesAt(
          turned,
          0,
          at.map((piece) => order.indexOf(piece)),
        ),
        statesAt(states, 0, at),
      ),
    ).toBeLessThan(1e-5);
  });

  it("sibling branches that change places change their states with them, and leave the text", async () => {
    const [one, other] = [await tried(graph), await tried([graph[1], graph[0], graph[2]] as WordTriple[])];
    const [a, b] = [one.prepared[0], other.prepared[0]] as [PreparedText, PreparedText];
    const tokens = (of: PreparedText, branch: number) =>
      real(of).filter((piece) => placesOf(of).branches[piece] === branch);
    expect(furthest(statesAt(one.states, 0, tokens(a, 1)), statesAt(other.states, 0, tokens(b, 2)))).toBeLessThan(1e-5);
    expect(furthest(statesAt(one.states, 0, trunkOf(a)), statesAt(other.states, 0, trunkOf(b)))).toBeLessThan(1e-5);
  });

  it("a triple that is repeated, and the order of lines of different heads, change nothing", async () => {
    const one = await tried(graph);
    const again = await tried([graph[2], graph[0], graph[0], graph[1]] as WordTriple[]);
    expect(again.batch).toEqual(one.batch);
  });
});

describe("k-bert is local:", () => {
  it("text pieces and their soft positions are the same with knowledge and without", async () => {
    const [{ prepared }, other] = [await tried(graph), await plain()];
    for (const [row, one] of prepared.entries()) {
      const trunk = trunkOf(one);
      const { tokens, starts, ends, wordIds, sequenceIds } = (other.prepared[row] as PreparedText).encoding;
      const kept = trunk.map((piece) => one.encoding.tokens[piece]);
      expect(kept).toEqual(tokens);
      expect(trunk.map((piece) => placesOf(one).softPositions[piece])).toEqual([...tokens.keys()]);
      for (const [name, values] of Object.entries({ starts, ends, wordIds, sequenceIds }))
        expect(trunk.map((piece) => one.encoding[name as "starts"][piece])).toEqual([...values]);
    }
  });

  it("in one layer a changed branch alters only itself and its word; in two it arrives at the text, in three at other branches", async () => {
    const otherBranch = graph.map(([head, relation, tail]) => [head, relation, tail === "xy" ? "xv" : tail] as const);
    const runs = async (layers: number) =>
      [await tried(graph, {}, layers), await tried(otherBranch, {}, layers)] as const;
    const [one, other] = await runs(1);
    const first = one.prepared[0] as PreparedText;
    expect(first.encoding.tokens.join(" ")).toBe("[CLS] a b m x y n z z c d e m w");
    expect(changed(one.states, other.states, real(first))).toEqual([1, 2, 3, 4, 5]);
    const [deep, deeper] = await runs(2);
    expect(changed(deep.states, deeper.states, real(first))).toEqual(real(first).filter((piece) => piece < 12));
    const [deepest, otherwise] = await runs(3);
    expect(changed(deepest.states, otherwise.states, [12])).toEqual([12]);
  });

  it("without the visible matrix a changed branch reaches everything at once", async () => {
    const otherBranch = graph.map(([head, relation, tail]) => [head, relation, tail === "xy" ? "xv" : tail] as const);
    const open = { visibleMatrix: false };
    const [one, other] = [await tried(graph, open, 1), await tried(otherBranch, open, 1)];
    expect(changed(one.states, other.states, real(one.prepared[0] as PreparedText))).toEqual(
      real(one.prepared[0] as PreparedText),
    );
  });

  it("what stands on padding changes no real state", async () => {
    const { trial, batch, states, prepared } = await tried(graph);
    const { attentionMask } = batchArrays;
    const mask = batch.arrays[attentionMask]?.data ?? [];
    const noise = Object.entries(batch.arrays).map(([name, array]) => {
      const data = array.data.slice();
      const width = array.shape[2] ?? 1;
      for (let i = 0; i < data.length; i++) {
        const [piece, column] = [Math.floor(i / width), i % width];
        const row = Math.floor(piece / length);
        const hidden = mask[piece] === 0 || (width > 1 && mask[row * length + column] === 0);
        if (hidden && name !== attentionMask && name !== batchArrays.typeIds) data[i] = width > 1 ? 1 : 3;
      }
      return [name, { ...array, data }];
    });
    const noisy = trial.run({ ...batch, arrays: Object.fromEntries(noise) });
    for (const [row, one] of prepared.entries())
      expect(statesAt(noisy, row, real(one))).toEqual(statesAt(states, row, real(one)));
  });
});

describe("the visible matrix", () => {
  const visible = async (triples: readonly WordTriple[]) =>
    (await tried(triples)).prepared.map((one) => visibleRows(placesOf(one)));

  it("is symmetric, sees itself, and stands in the batch, where padding sees nothing", async () => {
    const { batch, prepared } = await tried(graph);
    const { data } = batch.arrays[arrays.visible] as HostArray;
    for (const [row, one] of prepared.entries()) {
      const matrix = visibleRows(placesOf(one));
      for (let i = 0; i < length; i++)
        for (let j = 0; j < length; j++) {
          expect(data[(row * length + i) * length + j]).toBe(matrix[i]?.[j] ?? 0);
          expect(matrix[i]?.[j]).toBe(matrix[j]?.[i]);
        }
      for (const i of real(one)) expect(matrix[i]?.[i]).toBe(1);
    }
  });

  it("between other words does not depend on a word's branch", async () => {
    const [[withBoth], [without]] = [await visible(graph), await visible(graph.slice(2))];
    const others = { withBoth: [0, 9, 10, 11, 12, 13], without: [0, 3, 4, 5, 6, 7] };
    const between = (matrix: number[][] | undefined, pieces: readonly number[]) =>
      pieces.map((i) => pieces.map((j) => matrix?.[i]?.[j]));
    expect(between(withBoth, others.withBoth)).toEqual(between(without, others.without));
  });
});
