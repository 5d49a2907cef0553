import type { Block, Stream } from "@kgraft/encoder";
import { RunError } from "@kgraft/runtime";
import type { Encoding } from "@kgraft/text";
import { z } from "zod";
import type { Fusion, FusionDefinition, PreparedExample, SeamInput } from "./contract.ts";
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
    frozen: fusions.flatMap(({ frozen }) => frozen ?? []),
    officialNames: merge(fusions.map(({ officialNames }) => officialNames)),
    heads: merge(fusions.map(({ heads }) => heads)),
    ...(firstLayers.length > 0 && { firstLayer: Math.min(...firstLayers) }),
    ...dataSeams(parts),
    ...stepSeams(parts),
  };
}

/** The seams on the host: `rewrite`, `prepare`, `collate`. */
function dataSeams(parts: readonly StackPart[]): Pick<Fusion<StackKnowledge>, "rewrite" | "prepare" | "collate"> {
  const order = claimersFirst(parts, "pieces");
  return {
    async rewrite(example, draw) {
      let rewritten = example;
      for (const { fusion } of parts) rewritten = (await fusion.rewrite?.(rewritten, draw)) ?? rewritten;
      return rewritten;
    },
    async prepare(example, plain, maxLength) {
      let encoding: Encoding = plain;
      const knowledge: unknown[] = [];
      const counts: Record<string, number> = {};
      for (const { definition, fusion } of order) {
        const own = await fusion.prepare?.(example, encoding, maxLength);
        if (own === undefined) continue;
        encoding = own.encoding;
        knowledge[parts.findIndex((part) => part.fusion === fusion)] = own.knowledge;
        for (const [name, count] of Object.entries(own.counts ?? {})) counts[`${definition.name} ${name}`] = count;
      }
      return { encoding, knowledge, counts };
    },
    collate(batch, shape, draw) {
      const own = (index: number): PreparedExample<unknown>[] =>
        batch.map(({ encoding, knowledge }) => ({ encoding, knowledge: knowledge[index] }));
      return merge(parts.map(({ fusion }, index) => fusion.collate?.(own(index), shape, draw)));
    },
  };
}

/** The seams inside a step; one that no strategy has stays absent. */
function stepSeams(parts: readonly StackPart[]): Pick<Fusion, "attention" | "embed" | "layer"> {
  const has = (seam: "attention" | "embed" | "layer"): boolean =>
    parts.some(({ fusion }) => fusion[seam] !== undefined);
  const inwardOut = claimersFirst(parts, "layer").filter(({ fusion }) => fusion.layer !== undefined);
  return {
    ...(has("attention") && { attention: (at: SeamInput) => merge(parts.map(({ fusion }) => fusion.attention?.(at))) }),
    ...(has("embed") && {
      embed: (stream: Stream, at: SeamInput) =>
        parts.reduce((before, { fusion }) => fusion.embed?.(before, at) ?? before, stream),
    }),
    ...(has("layer") && { layer: (stream: Stream, block: Block, at: SeamInput) => nest(inwardOut, stream, block, at) }),
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
