import { createHash } from "node:crypto";
import type { FewrelInstance } from "./instances.ts";

/** A part of the data. */
export type FewrelPart = "train" | "validation" | "test";

/**
 * What two parts may not share: nothing but the instance itself, its sentence, its head, or any entity at all. With `entity`
 * instances that share one hang together; the largest groups go to training.
 */
export const fewrelSplits = ["instance", "sentence", "head", "entity"] as const;

/** How instances are divided. */
export interface FewrelSplit {
  readonly seed: number;
  readonly by: (typeof fewrelSplits)[number];
}

/** Shares of the parts. */
const share = { test: 0.2, validation: 0.2 };
/** Groups of instances linked by entities that are larger go to training as a whole. */
const largestDrawnGroup = 50;

/**
 * Divides instances 60 : 20 : 20 by a keyed hash, so that the part of an instance depends on no other instance (with
 * `entity`: on no other group).
 */
export function divideFewrel(
  instances: readonly FewrelInstance[],
  split: FewrelSplit,
): Readonly<Record<FewrelPart, readonly FewrelInstance[]>> {
  const partOf = split.by === "entity" ? byEntity(instances, split.seed) : byKey(split);
  const parts: Record<FewrelPart, FewrelInstance[]> = { train: [], validation: [], test: [] };
  for (const instance of instances) parts[partOf(instance)].push(instance);
  return parts;
}

type PartOf = (instance: FewrelInstance) => FewrelPart;

function byKey({ seed, by }: FewrelSplit): PartOf {
  const keyOf = {
    instance: ({ key }: FewrelInstance) => key,
    sentence: ({ tokens }: FewrelInstance) => tokens.join(" "),
    head: ({ head }: FewrelInstance) => head.id,
    entity: ({ key }: FewrelInstance) => key,
  }[by];
  return (instance) => partAt(uniform(seed, keyOf(instance)), share);
}

/** Parts by groups of instances that are linked through entities. */
function byEntity(instances: readonly FewrelInstance[], seed: number): PartOf {
  const groups = new EntityGroups();
  for (const { head, tail } of instances) groups.join(head.id, tail.id);
  const sizes = new Map<string, number>();
  for (const { head } of instances) {
    const root = groups.rootOf(head.id);
    sizes.set(root, (sizes.get(root) ?? 0) + 1);
  }
  const drawn = [...sizes.values()].filter((size) => size <= largestDrawnGroup).reduce((sum, size) => sum + size, 0);
  const raised = Math.min(instances.length / Math.max(1, drawn), 1 / (share.test + share.validation));
  const shares = { test: share.test * raised, validation: share.validation * raised };
  return ({ head }) => {
    const root = groups.rootOf(head.id);
    return (sizes.get(root) as number) > largestDrawnGroup ? "train" : partAt(uniform(seed, root), shares);
  };
}

function partAt(at: number, { test, validation }: { readonly test: number; readonly validation: number }): FewrelPart {
  if (at < test) return "test";
  return at < test + validation ? "validation" : "train";
}

/** A number in [0, 1) that a key always has under a seed. */
function uniform(seed: number, key: string): number {
  return createHash("sha256").update(`fewrel ${seed} ${key}`).digest().readUIntBE(0, 6) / 2 ** 48;
}

/** Sets of entities that instances link; each is named by its smallest id. */
class EntityGroups {
  readonly #above = new Map<string, string>();

  rootOf(id: string): string {
    let root = id;
    for (let above = this.#above.get(root); above !== undefined; above = this.#above.get(root)) root = above;
    for (let at = id; at !== root; ) {
      const next = this.#above.get(at) as string;
      this.#above.set(at, root);
      at = next;
    }
    return root;
  }

  join(a: string, b: string): void {
    const [first, second] = [this.rootOf(a), this.rootOf(b)].sort() as [string, string];
    if (first !== second) this.#above.set(second, first);
  }
}
