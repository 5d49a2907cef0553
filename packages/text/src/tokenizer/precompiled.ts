import { z } from "zod";
import type { AlignedText, Change } from "./aligned-text.ts";
import type { Normalizer } from "./components.ts";

export const precompiledSchema = z.object({ precompiled_charsmap: z.base64() });

const utf8 = new TextEncoder();
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
/** Text in which every unit is a grapheme of its own. */
const plain = /^[\x20-\x7e]*$/;
const mostCached = 1 << 16;

/**
 * SentencePiece's normalisation by a table. A grapheme of less than six bytes is replaced as a whole by what its shortest
 * prefix in the table becomes, others character by character.
 *
 * @source Rust `tokenizers` 0.23.2, normalizers/precompiled.rs, whose oddities models were trained with
 * @throws Error where the table is cut short
 */
export function precompiled({ precompiled_charsmap }: z.output<typeof precompiledSchema>): Normalizer {
  const find = charsMap(Buffer.from(precompiled_charsmap, "base64"));
  const cache = new Map<string, string | null>();
  const lookUp = (part: string): string | null => {
    const known = cache.get(part);
    if (known !== undefined) return known;
    if (cache.size >= mostCached) cache.clear();
    const found = find(utf8.encode(part));
    cache.set(part, found);
    return found;
  };
  return { local: "words", normalize: (source) => normalize(source, lookUp) };
}

function normalize(source: AlignedText, lookUp: (part: string) => string | null): AlignedText {
  const { text } = source;
  const changes: Change[] = [];
  let modified = false;
  const put = (part: string): boolean => {
    const found = lookUp(part);
    if (found === null) return false;
    modified = true;
    replace(changes, part, found);
    return true;
  };
  const parts = plain.test(text) ? text : Array.from(graphemes.segment(text), ({ segment }) => segment);
  for (const grapheme of parts) {
    if (Buffer.byteLength(grapheme) < 6 && put(grapheme)) continue;
    for (const character of grapheme) if (!put(character)) changes.push({ character, change: 0 });
  }
  return modified ? source.transform(changes) : source;
}

/** Notes how the characters of one part become those of another. */
function replace(changes: Change[], before: string, after: string): void {
  const characters = [...after];
  const more = characters.length - [...before].length;
  for (const character of characters) changes.push({ character, change: 0 });
  if (more > 0) for (const change of changes.slice(-more)) change.change = 1;
  const last = changes.at(-1);
  if (more < 0 && last !== undefined) last.change += more;
}

/** Reads a charsmap: a double array over UTF-8 bytes, then the replacements, each ended by a zero byte. */
function charsMap(bytes: Buffer): (key: Uint8Array) => string | null {
  const size = bytes.length < 4 ? -1 : bytes.readUInt32LE(0);
  if (size < 4 || size % 4 !== 0 || 4 + size > bytes.length) throw new Error("the charsmap is cut short");
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
  const replacements = bytes.subarray(4 + size);
  return (key) => {
    const at = shortestPrefix(units, key);
    if (at === undefined) return null;
    const end = replacements.indexOf(0, at);
    return replacements.toString("utf8", at, end === -1 ? undefined : end);
  };
}

/** @source darts-clone: units hold an offset, a label and whether a value hangs below */
function shortestPrefix(units: Uint32Array, key: Uint8Array): number | undefined {
  const unitAt = (node: number) => units[node] ?? 0;
  const offset = (unit: number) => (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
  let node = offset(unitAt(0));
  for (const byte of key) {
    if (byte === 0) return undefined;
    node ^= byte;
    const unit = unitAt(node);
    if ((unit & 0x800000ff) >>> 0 !== byte) return undefined;
    node ^= offset(unit);
    if ((unit >>> 8) & 1) return unitAt(node) & 0x7fffffff;
  }
  return undefined;
}
