import type { TextExample } from "@kgraft/text";

/** An example with everything that a task or a strategy may want of one: it stands in where only shapes matter. */
export function madeUpExample(label: string, index = 0): TextExample {
  const term = (text: string) => ({ id: text, text });
  const [first, second] = [
    { start: 0, end: 1 },
    { start: 2, end: 3 },
  ] as const;
  return {
    id: String(index),
    text: "a b",
    target: first,
    targets: [first, second],
    labels: [label],
    spans: [{ ...first, label }],
    triple: { head: term("a"), relation: term(label), tail: term("a") },
  };
}
