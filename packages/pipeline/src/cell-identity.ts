import type { CheckedArm } from "./arms.ts";
import { required, type SharedWork } from "./composition.ts";
import type { Choice } from "./config/run-config.ts";
import { choiceIdentity, contentDigest, fingerprint } from "./fingerprint.ts";
import { graphIdentity } from "./graph-identity.ts";
import { strategyOptions } from "./stages/build-model.ts";
import { version } from "./version.ts";

/** The fingerprint of everything that decides what an arm with a seed comes to. */
export async function cellIdentity(shared: SharedWork, arm: CheckedArm, seed: number): Promise<string> {
  const { config } = shared;
  const { name } = await shared.backend();
  return fingerprint({
    version,
    plugins: config.registry.plugins,
    seed,
    backend: name,
    matmul: config.matmul,
    arm: arm.name,
    strategies: await Promise.all(
      arm.definitions.map((definition) =>
        choiceIdentity({ name: definition.name, definition, options: strategyOptions(config, definition.name) }),
      ),
    ),
    ...(await sharedIdentity(shared)),
  });
}

/** What all arms and seeds of a config have in common. */
export async function sharedIdentity(shared: SharedWork): Promise<Readonly<Record<string, unknown>>> {
  const { config } = shared;
  const identity = async (choice: Choice | undefined): Promise<unknown> => choice && choiceIdentity(choice);
  const { checkpoint, tokenizer, ...sizes } = required(config, "encoder");
  const digest = async (path: string | undefined): Promise<string | undefined> =>
    path && contentDigest(path.replace(/^file:/, ""));
  return {
    graph: await graphIdentity(shared),
    closure: config.graph?.closure,
    closureDepth: config.graph?.closureDepth,
    corpus: await identity(config.corpus),
    linker: await identity(config.linker),
    embedding: await identity(config.embedding),
    encoder: { ...sizes, checkpoint: await digest(checkpoint), tokenizer: await digest(tokenizer) },
    pretrain: config.pretrain,
    task: await identity(config.task),
    data: await identity(config.task?.data),
  };
}
