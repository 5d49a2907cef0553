import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { InputError, writeFileAtomic } from "@kgraft/runtime";

/** Writes pieces of text as they come, as gzip where the name ends in `.gz`, under a temporary name until all are there. */
export async function writeText(path: string, pieces: AsyncIterable<string>): Promise<void> {
  const bytes = Readable.from(buffered(pieces), { objectMode: false });
  if (!path.endsWith(".gz")) return writeFileAtomic(path, bytes);
  const gzip = createGzip();
  bytes.on("error", (cause) => gzip.destroy(cause));
  await writeFileAtomic(path, bytes.pipe(gzip));
}

/** Pieces of some size, so that a line is not a write. */
async function* buffered(pieces: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (text.length < 1 << 16) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}

/** Checks that texts can stand between tabs on a line. @throws InputError `kg.export.field` */
export function tabbed(fields: readonly string[], format: string): string {
  const bad = fields.find((field) => /[\t\n\r]/.test(field) || field === "");
  if (bad === undefined) return `${fields.join("\t")}\n`;
  throw new InputError({
    code: "kg.export.field",
    at: `kg.writeGraph ${format}`,
    problem: `${JSON.stringify(bad)} cannot stand in a line of fields separated by tabs`,
    fix: "Export as folder, graphology or nt, which can hold any text",
  });
}
