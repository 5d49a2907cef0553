import { type Deed, impure, watchEngine } from "./watch-engine.ts";

/**
 * Runs a step twice and throws where it is no pure function of tensors: where it reads a tensor's values, makes a tensor
 * from host data (scalars, fills, identity matrices and lists of axes that stay the same are constants), runs other ops or other
 * attributes the second time, or has a shape that depends on values.
 *
 * @param step is given 0, then 1: let it take two batches of the same shapes and different values, that shapes and
 * constants which follow from values show. What it returns is disposed.
 * @throws RunError `tensor.pure-step` naming the op and the source line
 */
export function assertPure(step: (run: number) => unknown): void {
  const first = watchEngine(() => step(0));
  const second = watchEngine(() => step(1));
  for (const [i, deed] of second.entries()) compare(first[i], deed);
  const missing = first[second.length];
  if (missing !== undefined) throw otherOps(missing, "is not run again the second time");
}

function compare(before: Deed | undefined, deed: Deed): void {
  const { what, detail, shapes, site } = deed;
  if (before === undefined) throw otherOps(deed, "was not run the first time");
  if (before.what !== what) throw otherOps(deed, `runs ${what} where ${before.what} ran the first time`);
  if (before.shapes !== shapes)
    throw impure(
      site,
      `gives ${shapes} where it gave ${before.shapes} the first time`,
      "No shape in a step depends on values: pad to a fixed size and mask",
    );
  if (before.detail !== detail)
    throw impure(
      site,
      `uses ${detail} where it used ${before.detail} the first time`,
      "What changes from step to step is an input: put it in the batch",
    );
}

function otherOps({ site }: Deed, problem: string): Error {
  return impure(site, problem, "A step runs the same ops every time");
}
