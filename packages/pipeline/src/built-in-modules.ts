import linkers from "@kgraft/entity-linking/module";
import fusion from "@kgraft/fusion/module";
import graphs from "@kgraft/kg/module";
import embeddings from "@kgraft/kg-embedding/module";
import tasks from "@kgraft/tasks/module";
import corpora from "./corpora/module.ts";
import datasets from "./datasets/module.ts";
import type { ModuleSource } from "./registry.ts";

/** The packages' own modules: built-ins enter by the same door as plugins. */
export const builtInModules: readonly ModuleSource[] = [
  { package: "@kgraft/kg", module: graphs },
  { package: "@kgraft/entity-linking", module: linkers },
  { package: "@kgraft/kg-embedding", module: embeddings },
  { package: "@kgraft/fusion", module: fusion },
  { package: "@kgraft/tasks", module: tasks },
  { package: "@kgraft/pipeline", module: corpora },
  { package: "@kgraft/pipeline", module: datasets },
];
