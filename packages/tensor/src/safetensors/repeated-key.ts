/**
 * Finds a key that stands twice in one object of a JSON text, which `JSON.parse` hides.
 *
 * @param text well-formed JSON
 */
export function repeatedKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let wantsKey = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "{" || char === "[") {
      open.push(char === "{" ? new Set() : undefined);
      wantsKey = char === "{";
    } else if (char === "}" || char === "]") {
      open.pop();
      wantsKey = false;
    } else if (char === ",") wantsKey = open.at(-1) !== undefined;
    else if (char === '"') {
      const end = stringEnd(text, i);
      const keys = open.at(-1);
      if (wantsKey && keys !== undefined) {
        const key = JSON.parse(text.slice(i, end)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
        wantsKey = false;
      }
      i = end - 1;
    }
  }
  return undefined;
}

/** The index after the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}
