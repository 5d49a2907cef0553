import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { InputError, type Progress, RunError, writeFileAtomic, writeFolderAtomic } from "@kgraft/runtime";
import { cacheFolder } from "@kgraft/tensor/native";
import { askHub, fetchFromHub, type HubFile, hubEndpoint } from "./hub-request.ts";
import { modelParts } from "./model-part.ts";
import { assertOnline, offlineVariable } from "./offline.ts";
import { shardFiles } from "./weights.ts";

/** What a model folder may hold besides config.json and weights. */
const optionalFiles = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "vocab.txt",
  "README.md",
  ...modelParts.map((part) => `${part}.safetensors`),
];

/**
 * Gives the folder of a model of the hub: each file fetched once a commit, checked against the hub's digests, kept in the cache.
 * Without a network the commit that the revision last stood for is taken, and said.
 *
 * @throws InputError `encoder.hub.missing` where there is no such model, `encoder.checkpoint.offline`; RunError `encoder.hub.…`
 */
export async function hubFolder(repository: string, revision: string, progress: Progress): Promise<string> {
  const source = `hf:${repository}@${revision}`;
  const root = cacheFolder("checkpoints", "hf", repository.replaceAll("/", "--"));
  const note = join(root, `revision-${encodeURIComponent(revision)}`);
  if (/^[0-9a-f]{40}$/.test(revision) && existsSync(join(root, revision))) return join(root, revision);
  const last = existsSync(note) ? join(root, (await readFile(note, "utf8")).trim()) : undefined;
  const known = last !== undefined && existsSync(last) ? last : undefined;
  if (offlineVariable() !== undefined) {
    if (known === undefined) assertOnline(source, root);
    else return known;
  }
  const commit = await commitOf(repository, revision, source).catch((error: unknown) => {
    if (known === undefined || !(error instanceof RunError)) throw error;
    progress.note(`${error.message} Going on with the cached ${known}.`);
    return undefined;
  });
  if (commit === undefined) return known as string;
  const folder = join(root, commit);
  if (!existsSync(folder)) {
    const hub = new Repository(repository, commit, progress);
    await writeFolderAtomic(folder, (temporary) => hub.fetchInto(temporary));
  }
  await writeFileAtomic(note, `${commit}\n`);
  return folder;
}

async function commitOf(repository: string, revision: string, source: string): Promise<string> {
  const url = `${hubEndpoint()}/${repository}/resolve/${encodeURIComponent(revision)}/config.json`;
  const config = await askHub(url);
  if (config === undefined) throw missing(source, url, "config.json");
  if (config.commit !== undefined && /^[0-9a-f]{40}$/.test(config.commit)) return config.commit;
  throw new RunError({
    code: "encoder.hub.commit",
    at: url,
    problem: `the answer says the commit "${config.commit ?? ""}"`,
    wanted: "Wanted the 40 digits of X-Repo-Commit",
    fix: "Check HF_ENDPOINT: is it a hub?",
  });
}

function missing(source: string, url: string, file: string): InputError {
  return new InputError({
    code: "encoder.hub.missing",
    at: `encoder.checkpoint "${source}"`,
    problem: `the hub has no ${file} at ${url}`,
    wanted: "Wanted a model with config.json and model.safetensors",
    fix: "Check organisation, name and revision",
  });
}

class Repository {
  readonly #name: string;
  readonly #commit: string;
  readonly #progress: Progress;

  constructor(name: string, commit: string, progress: Progress) {
    this.#name = name;
    this.#commit = commit;
    this.#progress = progress;
  }

  async fetchInto(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await this.#need("config.json", folder);
    if (!(await this.#take("model.safetensors", folder))) {
      if (!(await this.#take("model.safetensors.index.json", folder)))
        throw missing(`hf:${this.#name}@${this.#commit}`, this.#url("model.safetensors"), "model.safetensors");
      for (const shard of await shardFiles(join(folder, "model.safetensors.index.json")))
        await this.#need(basename(shard), folder);
    }
    for (const file of optionalFiles) await this.#take(file, folder);
  }

  async #need(file: string, folder: string): Promise<void> {
    if (!(await this.#take(file, folder))) throw missing(`hf:${this.#name}@${this.#commit}`, this.#url(file), file);
  }

  async #take(file: string, folder: string): Promise<boolean> {
    const found: HubFile | undefined = await askHub(this.#url(file));
    if (found === undefined) return false;
    await fetchFromHub(found, join(folder, file), `${this.#name}/${file}`, this.#progress);
    return true;
  }

  #url(file: string): string {
    return `${hubEndpoint()}/${this.#name}/resolve/${this.#commit}/${file}`;
  }
}
