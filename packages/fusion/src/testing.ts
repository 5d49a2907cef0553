import { openBackend } from "@kgraft/tensor";
import { beforeAll, describe } from "vitest";
import type { FusionDefinition } from "./contract.ts";
import { testDeclaration } from "./testing/declaration.ts";
import { testForward } from "./testing/forward.ts";
import { testLearning } from "./testing/learning.ts";
import { type SmallWorld, smallWorld } from "./testing/small-world.ts";

export { type SmallWorld, smallEncoder, smallWorld } from "./testing/small-world.ts";

/** What the suite is told about a strategy beside its definition. */
export interface FusionSuite {
  /** Options as a config writes them, at which the strategy does something on the small encoder. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Options that must be refused, by the path that the error must name. */
  readonly refused?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Changes the small world that the strategy is tried in. */
  readonly world?: (world: SmallWorld) => SmallWorld;
}

/** What every group of tests needs; `world` is there once tests run. */
export interface SuiteSetting {
  readonly definition: FusionDefinition;
  readonly suite: FusionSuite;
  readonly options: Readonly<Record<string, unknown>>;
  world(): SmallWorld;
}

/**
 * Registers the contract suite of fusion strategies with vitest: declaration and options, shapes, determinism by seed,
 * padding and batch neighbours, the neutral law, stored states, gradients, leaks, purity, saving and loading.
 *
 * A strategy that takes triples alone is tried on triples; plain BERT then reads the pieces it made.
 * It needs nothing from disk or network and runs in a second or two on the CPU backend.
 *
 * @example
 * describeFusion(myStrategy, { options: { layer: 2 }, refused: { layer: { layer: -1 } } });
 */
export function describeFusion<Options, Knowledge>(
  definition: FusionDefinition<Options, Knowledge>,
  suite: FusionSuite = {},
): void {
  describe(`fusion strategy ${definition.name}`, () => {
    let made: SmallWorld | undefined;
    beforeAll(async () => {
      await openBackend("cpu");
      const small = await smallWorld();
      const world = definition.accepts.includes("text") ? small : { ...small, examples: small.triples };
      made = suite.world?.(world) ?? world;
    });
    const setting: SuiteSetting = {
      // The suite never looks into options or knowledge: it hands each back to the strategy it came from.
      definition: definition as unknown as FusionDefinition,
      suite,
      options: suite.options ?? {},
      world: () => made as SmallWorld,
    };
    testDeclaration(setting);
    testForward(setting);
    testLearning(setting);
  });
}
