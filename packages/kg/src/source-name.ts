import { isAbsolute, relative } from "node:path";

/** A path for provenance: from the working directory where it lies below it, so that machines agree. */
export function sourceName(adapter: string, path: string): string {
  const inside = relative(process.cwd(), path);
  const outside = inside === "" || inside.startsWith("..") || isAbsolute(inside);
  return `${adapter} ${(outside ? path : inside).replaceAll("\\", "/")}`;
}
