import type { Dependency, TextExample } from "@kgraft/text";
import type { SmallWorld } from "../../testing/small-world.ts";

/** The small world with relations between mentions and a dependency tree for every text: each word hangs on the one before. */
export function taughtWorld(world: SmallWorld): SmallWorld {
  const relations = ["plays", "livesIn", "near"].map((id) => ({ id, label: id }));
  return { ...world, relations, examples: world.examples.map(taught) };
}

function taught(example: TextExample, index: number): TextExample {
  const [head, tail] = example.mentions ?? [];
  const relation = ["livesIn", "near"][index % 2] as string;
  return {
    ...example,
    ...(head && tail && { targets: [head, tail] as const, labels: [relation] }),
    dependencies: wordsOf(example.text),
  };
}

function wordsOf(text: string): readonly Dependency[] {
  return [...text.matchAll(/\S+/g)].map(({ 0: word, index }, i) => ({
    start: index,
    end: index + word.length,
    head: i - 1,
  }));
}
