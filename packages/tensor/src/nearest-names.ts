import { didYouMean } from "@kgraft/runtime";

/** `Nearest: a, b, c`, the up to three names that were probably meant; where none is near, how many there are. */
export function nearestNames(name: string, names: readonly string[]): string {
  const left = [...names];
  const near: string[] = [];
  while (near.length < 3) {
    const best = didYouMean(name, left);
    if (best === undefined) break;
    near.push(best);
    left.splice(left.indexOf(best), 1);
  }
  if (near.length > 0) return `Nearest: ${near.join(", ")}`;
  return names.length === 0
    ? "None is declared"
    : `${names.length} are declared: ${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}`;
}
