import type { Block, Stream } from "@kgraft/encoder";
import { type Draw, RunError } from "@kgraft/runtime";
import type { tf } from "@kgraft/tensor";
import type { Encoding, TextExample } from "@kgraft/text";
import { z } from "zod";
import type {
  Freezing,
  Fusion,
  FusionDefinition,
  InjectedTriple,
  PreparedExample,
  SeamInput,
  TrainingStage,
} from "./contract.ts";
import { firstChangedLayer } from "./first-layer.ts";
import { checkStack } from "./stack-check.ts";

/** A strategy of a stack and what it made. */
interface StackPart {
  readonly definition: FusionDefinition;
  readonly fusion: Fusion;
}

/** What each strategy of a stack keeps of an example, in the order of the stack. */
type StackKnowledge = readonly unknown[];

/**
 * Makes one strategy of several by chaining their seams; its options are theirs, by name. `none` in a stack adds nothing.
 * A strategy that puts in pieces prepares first, so that all others see the pieces the model reads; one that changes the
 * inside of layers stands innermost, so that all others read what it made.
 *
 * @param at where the stack was written, for messages: `config.fusion.name`
 * @throws InputError `fusion.stack` where two claim the same, or no example fits all
 */
export function stackFusions(definitions: readonly FusionDefinition[], at: string): FusionDefinition {
  checkStack(definitions, at);
  const [only] = definitions;
  if (only !== undefined && definitions.length === 1) return only;
  const byName = <Value>(value: (definition: FusionDefinition) => Value) =>
    Object.fromEntries(definitions.map((definition) => [definition.name, value(definition)]));
  const options = z.strictObject(byName((definition) => definition.options.prefault({})));
  return {
    name: definitions.map(({ name }) => name).join("+"),
    summary: definitions.map(({ summary }) => summary).join(" "),
    options,
    needs: [...new Set(definitions.flatMap(({ needs }) => needs))],
    accepts: (["text", "triple"] as const).filter((kind) => definitions.every(({ accepts }) => accepts.includes(kind))),
    usesGraph: definitions.some(({ usesGraph }) => usesGraph === true),
    claims: [...new Set(definitions.flatMap(({ claims }) => claims))],
    neutral: byName(({ neutral }) => neutral),
    create(given, resources) {
      const parsed = given as Readonly<Record<string, unknown>>;
      return compose(
        definitions.map((definition) => ({
          definition,
          fusion: definition.create(parsed[definition.name], resources),
        })),
      );
    },
  };
}

function compose(parts: readonly StackPart[]): Fusion<StackKnowledge> {
  const fusions = parts.map(({ fusion }) => fusion);
  const firstLayers = fusions.flatMap((fusion) => firstChangedLayer(fusion) ?? []);
  return {
    parameters: fusions.flatMap(({ parameters }) => parameters ?? []),
    constants: merge(fusions.map(({ constants }) => constants)),
    parts: merge(fusions.map(({ parts }) => parts)),
    stored: fusions.flatMap(({ stored }) => stored ?? []),
    freezes: mergeFreezes(fusions),
    officialNames: merge(fusions.map(({ officialNames }) => officialNames)),
    heads: merge(fusions.map(({ heads }) => heads)),
    ...(firstLayers.length > 0 && { firstLayer: Math.min(...firstLayers) }),
    ...dataSeams(parts),
    ...stepSeams(parts),
  };
}

type DataSeams = Pick<Fusion<StackKnowledge>, "rewrite" | "prepare" | "collate" | "inspect">;

/** The seams on the host. A stack rewrites only where a part does: text that never changes is prepared once. */
function dataSeams(parts: readonly StackPart[]): DataSeams {
  const order = claimersFirst(parts, "pieces");
  return {
    ...(parts.some(({ fusion }) => fusion.rewrite) && {
      async rewrite(example: TextExample, draw: Draw) {
        let rewritten = example;
        const counts: Record<string, number> = {};
        for (const { definition, fusion } of parts) {
          const own = await fusion.rewrite?.(rewritten, draw);
          rewritten = own?.example ?? rewritten;
          addCounts(counts, definition, own?.counts);
        }
        return { example: rewritten, counts };
      },
    }),
    async prepare(example, plain, maxLength) {
      let encoding: Encoding = plain;
      const knowledge: unknown[] = [];
      const counts: Record<string, number> = {};
      const triples: InjectedTriple[] = [];
      const guarded = new Set<number>();
      for (const { definition, fusion } of order) {
        const own = await fusion.prepare?.(example, encoding, maxLength);
        if (own === undefined) continue;
        encoding = own.encoding;
        knowledge[parts.findIndex((part) => part.fusion === fusion)] = own.knowledge;
        addCounts(counts, definition, own.counts);
        triples.push(...(own.triples ?? []));
        for (const piece of own.protectedPieces ?? []) guarded.add(piece);
      }
      return { encoding, knowledge, counts, triples, protectedPieces: [...guarded].sort((a, b) => a - b) };
    },
    collate(batch, shape, draw) {
      const own = (index: number) => batch.map((example) => ownPart(example, index));
      return merge(parts.map(({ fusion }, index) => fusion.collate?.(own(index), shape, draw)));
    },
    inspect: (example) => merge(parts.map(({ fusion }, index) => fusion.inspect?.(ownPart(example, index)))),
  };
}

/** Adds a strategy's counts to the stack's, under its name. */
function addCounts(
  counts: Record<string, number>,
  { name: strategy }: FusionDefinition,
  own: Readonly<Record<string, number>> = {},
): void {
  for (const [name, count] of Object.entries(own)) counts[`${strategy} ${name}`] = count;
}

const ownPart = ({ knowledge, ...example }: PreparedExample<StackKnowledge>, index: number) => ({
  ...example,
  knowledge: knowledge[index],
});

function mergeFreezes(fusions: readonly Fusion[]): NonNullable<Fusion["freezes"]> {
  const of = (stage: TrainingStage): Freezing => ({
    encoder: fusions.some(({ freezes }) => freezes?.[stage]?.encoder === true),
    parameters: fusions.flatMap(({ freezes }) => freezes?.[stage]?.parameters ?? []),
  });
  return { pretraining: of("pretraining"), finetuning: of("finetuning") };
}

/** The seams inside a step; one that no strategy has stays absent. */
function stepSeams(
  parts: readonly StackPart[],
): Pick<Fusion, "attention" | "embed" | "layer" | "taps" | "readsPadding" | "output"> {
  const has = (seam: "attention" | "embed" | "layer" | "output"): boolean =>
    parts.some(({ fusion }) => fusion[seam] !== undefined);
  const inwardOut = claimersFirst(parts, "layer").filter(({ fusion }) => fusion.layer !== undefined);
  return {
    ...(has("attention") && { attention: (at: SeamInput) => merge(parts.map(({ fusion }) => fusion.attention?.(at))) }),
    ...(has("embed") && {
      embed: (stream: Stream, at: SeamInput) =>
        parts.reduce((before, { fusion }) => fusion.embed?.(before, at) ?? before, stream),
    }),
    ...(has("layer") && { layer: (stream: Stream, block: Block, at: SeamInput) => nest(inwardOut, stream, block, at) }),
    ...(has("output") && {
      taps: [...new Set(parts.flatMap(({ fusion }) => fusion.taps ?? []))],
      readsPadding: parts.some(({ fusion }) => fusion.readsPadding === true),
      output: (stream: Stream, states: ReadonlyMap<number, tf.Tensor>, at: SeamInput) =>
        parts.reduce((before, { fusion }) => fusion.output?.(before, states, at) ?? before, stream),
    }),
  };
}

/** Runs the outermost strategy's layer with the next inner one as its `block.forward`; undefined where none acts. */
function nest(inwardOut: readonly StackPart[], stream: Stream, block: Block, at: SeamInput): Stream | undefined {
  const outer = inwardOut.at(-1);
  if (outer === undefined) return undefined;
  const inner = inwardOut.slice(0, -1);
  if (inner.length === 0) return outer.fusion.layer?.(stream, block, at);
  const forward = (input: Stream): Stream => nest(inner, input, block, at) ?? block.forward(input);
  return (
    outer.fusion.layer?.(stream, closed(block, forward, outer.definition.name), at) ?? nest(inner, stream, block, at)
  );
}

/** A block that only runs whole: its inside belongs to the strategy that claims it. */
function closed(block: Block, forward: Block["forward"], strategy: string): Block {
  const refuse = (): never => {
    throw new RunError({
      code: "fusion.stack.layer",
      at: `fusion.${strategy}`,
      problem: `it reaches inside layer ${block.index}, which another strategy of the stack may have changed`,
      wanted: 'A strategy that reaches inside layers claims it: `claims: ["layer"]`',
    });
  };
  return { index: block.index, forward, attend: refuse, up: refuse, activate: refuse, down: refuse };
}

function claimersFirst(parts: readonly StackPart[], claim: "pieces" | "layer"): readonly StackPart[] {
  const claims = (part: StackPart): number => (part.definition.claims.includes(claim) ? 0 : 1);
  return parts.toSorted((a, b) => claims(a) - claims(b));
}

function merge<Value extends object>(records: readonly (Value | undefined)[]): Value {
  return Object.assign({}, ...records) as Value;
}
