import type { EncoderConfig, ModelPart } from "@kgraft/encoder";
import type { FusionDefinition } from "@kgraft/fusion";
import { vectorTable } from "@kgraft/kg-embedding";
import { InputError, streams } from "@kgraft/runtime";
import type { HostArray } from "@kgraft/tensor";
import type { Tokenizer } from "@kgraft/text";
import type { Registry } from "../../registry.ts";
import type { ReleasedStrategy, Tensors } from "./layout.ts";

/** A strategy's tensors out of a release, and what the release called them. */
export interface ReleasedFusion {
  readonly part: ModelPart;
  readonly read: ReadonlySet<string>;
}

/**
 * Reads a strategy's own tensors by the official names that it states; those of its pre-training heads only where there are any.
 *
 * @throws InputError `convert.official.strategy` naming what the release lacks or has in another shape
 */
export async function readReleasedFusion(
  { name, options: stated, vectorLength }: ReleasedStrategy,
  tensors: Tensors,
  {
    registry,
    encoder,
    tokenizer,
    at,
  }: { registry: Registry; encoder: EncoderConfig; tokenizer: Tokenizer; at: string },
): Promise<ReleasedFusion> {
  const definition = registry.get("fusion", name, at).definition as FusionDefinition;
  const options = definition.options.parse(stated);
  const vectors = vectorLength && vectorTable(["any"], new Float32Array(vectorLength).fill(1), vectorLength);
  const fusion = definition.create(options, { encoder, tokenizer, streams: streams(0), ...(vectors && { vectors }) });
  const required = new Map((fusion.parameters ?? []).map((spec) => [spec.name, spec.shape]));
  const problems: string[] = [];
  const weights = new Map<string, HostArray>();
  const read = new Set<string>();
  for (const [ours, official] of Object.entries(fusion.officialNames ?? {})) {
    const tensor = tensors.get(official);
    const wanted = required.get(ours);
    if (tensor === undefined) {
      if (wanted !== undefined) problems.push(`lacks ${official} [${wanted.join(", ")}]`);
      continue;
    }
    read.add(official);
    if (wanted !== undefined && wanted.join() !== tensor.shape.join())
      problems.push(`${official} is [${tensor.shape.join(", ")}], wanted [${wanted.join(", ")}]`);
    else weights.set(ours, await tensor.read());
  }
  if (problems.length > 0)
    throw new InputError({
      code: "convert.official.strategy",
      at,
      problem: problems.join("; "),
      wanted: `Wanted what ${name} declares`,
    });
  return { part: { options: { name, strategies: { [name]: options } }, weights }, read };
}
