import type { Family } from "../families/family.ts";

/** Buffers that old files hold beside the weights; nothing reads them. */
const buffers = /(^|\.)embeddings\.(position_ids|token_type_ids)$/;

/** What a checkpoint's file calls a tensor, and what the family calls it. */
export interface NamedTensor {
  readonly stored: string;
  /** The family's name with prefix; undefined for a buffer that nothing reads. */
  readonly name: string | undefined;
}

/**
 * Gives the family's own name for each name of a file: `gamma` and `beta` of LayerNorms, a `module.` or wrapper before all,
 * and files of a bare encoder without its prefix are understood.
 *
 * @param known names of the encoder's parameters, with prefix
 */
export function familyNames(stored: readonly string[], family: Family, known: ReadonlySet<string>): NamedTensor[] {
  const wrapper = wrapperOf(stored, family, known);
  const unwrap = (name: string) => (name.startsWith(wrapper) ? name.slice(wrapper.length) : name);
  return stored.map((name) => ({ stored: name, name: familyName(unwrap(name), family, known) }));
}

function familyName(stored: string, family: Family, known: ReadonlySet<string>): string | undefined {
  if (buffers.test(stored)) return undefined;
  const name = stored.replace(/\.gamma$/, ".weight").replace(/\.beta$/, ".bias");
  if (known.has(name) || !known.has(family.prefix + name)) return headName(name, family);
  return family.prefix + name;
}

/** Old files write the head's bias a second time under its decoder. */
function headName(name: string, family: Family): string {
  const { decoder, bias } = family.maskedLanguageModel;
  return name === `${decoder}.bias` ? bias : name;
}

/** What stands before every name: nothing, or the path of a wrapping module such as `module.` or `0.auto_model.`. */
function wrapperOf(stored: readonly string[], family: Family, known: ReadonlySet<string>): string {
  const anchor = `${family.names.words}.weight`;
  const found = stored.find((name) => name === anchor || name.endsWith(`.${anchor}`));
  if (found === undefined) return "";
  const before = found.slice(0, found.length - anchor.length);
  if (known.has(found)) return "";
  return before.endsWith(family.prefix) ? before.slice(0, -family.prefix.length) : before;
}
