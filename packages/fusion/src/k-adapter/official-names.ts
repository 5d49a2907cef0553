import { adapterPrefix, prefix } from "./parameters.ts";

/** How the released checkpoints shorten the adapters' names. */
const short: Readonly<Record<string, string>> = { factual: "fac", linguistic: "lin" };
const shortOf = (adapter: string): string => short[adapter] ?? adapter;

/**
 * What a released fine-tuned checkpoint (`pytorch_model.bin`) calls our parameters: `fac_adapter.adapter.0.down_project.weight`,
 * `task_dense_fac.weight`, `task_dense.weight`.
 *
 * @param names of all parameters, heads' included
 */
export function officialNames(adapters: readonly string[], names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.map((name) => {
      const adapter = adapters.find((one) => name.startsWith(`${adapterPrefix(one)}/`));
      if (adapter === undefined) return [name, name.slice(`${prefix}/`.length)];
      const local = localName(adapter, name);
      const joined = local.replace(/^task_dense/, `task_dense_${shortOf(adapter)}`);
      return [name, joined === local ? `${shortOf(adapter)}_adapter.${local}` : joined];
    }),
  );
}

/** Names that a file with this adapter may give a parameter: ours, the fine-tuned checkpoint's, and those of an adapter alone. */
export function storedNames(adapter: string, name: string): readonly string[] {
  const local = localName(adapter, name);
  return [name, `${shortOf(adapter)}_adapter.${local}`, local];
}

const localName = (adapter: string, name: string): string =>
  name.slice(`${adapterPrefix(adapter)}/`.length).replace(/^head\//, "");
