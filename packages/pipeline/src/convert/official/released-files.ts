import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "@kgraft/runtime";
import { type HostArray, PyTorchFile, SafetensorsFile } from "@kgraft/tensor";

/** A tensor of a released checkpoint, read when it is asked for. */
export interface ReleasedTensor {
  readonly shape: readonly number[];
  read(): Promise<HostArray>;
}

/** The tensors of a released checkpoint under its own names, LayerNorm's old `gamma` and `beta` as `weight` and `bias`. */
export interface ReleasedFiles {
  readonly tensors: ReadonlyMap<string, ReleasedTensor>;
  close(): Promise<void>;
}

/** `pytorch_model.bin`, `google_model.bin`, `class_model.bin`, …; optimisers and arguments lie beside them under other names. */
const weightFile = /model\.(bin|pt|safetensors)$/;

/**
 * Opens the files of weights that a folder holds.
 *
 * @throws InputError `convert.official.weights` where there is none or two hold one name, `tensor.pytorch` for what is no plain weights
 */
export async function openReleasedFiles(folder: string): Promise<ReleasedFiles> {
  const files = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    throw refuse(folder, cause.code === "ENOENT" ? "no such folder" : "is no folder that can be read");
  });
  const names = files.filter((name) => weightFile.test(name)).sort();
  const open: (PyTorchFile | SafetensorsFile)[] = [];
  const close = async () => {
    for (const file of open) await file.close();
  };
  try {
    const tensors = new Map<string, ReleasedTensor>();
    for (const name of names) {
      const path = join(folder, name);
      const file = await (name.endsWith(".safetensors") ? SafetensorsFile.open(path) : PyTorchFile.open(path));
      open.push(file);
      for (const stored of file.names()) {
        const tensor = stored.replace(/\.gamma$/, ".weight").replace(/\.beta$/, ".bias");
        if (tensors.has(tensor)) throw refuse(folder, `has "${tensor}" twice in ${names.join(", ")}`);
        tensors.set(tensor, { shape: file.info(stored).shape, read: () => file.read(stored) });
      }
    }
    if (tensors.size === 0) throw refuse(folder, "has no file of weights");
    return { tensors, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function refuse(at: string, problem: string): InputError {
  return new InputError({
    code: "convert.official.weights",
    at,
    problem,
    wanted: "Wanted the folder of one released checkpoint, with pytorch_model.bin or another *model.bin",
  });
}
