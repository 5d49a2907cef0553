import type { SafetensorsFile } from "../safetensors/read.ts";
import type { TensorToWrite } from "../safetensors/write.ts";

const prefix = "losses/";

/** The loss of every step by name, as float32: what the step computed, kept over sessions. */
export class LossHistory {
  readonly #losses = new Map<string, number[]>();
  #steps = 0;

  /** Adds a step; a loss that it leaves out, or that is new, has NaN in its gaps. */
  add(losses: Readonly<Record<string, number>>): void {
    for (const name of Object.keys(losses))
      if (!this.#losses.has(name)) this.#losses.set(name, new Array<number>(this.#steps).fill(Number.NaN));
    for (const [name, values] of this.#losses) values.push(Math.fround(losses[name] ?? Number.NaN));
    this.#steps++;
  }

  all(): Readonly<Record<string, readonly number[]>> {
    return Object.fromEntries(this.#losses);
  }

  /** For a checkpoint. */
  tensors(): TensorToWrite[] {
    return Array.from(this.#losses, ([name, values]) => ({
      name: `${prefix}${name}`,
      dtype: "float32" as const,
      shape: [values.length],
      data: () => Float32Array.from(values),
    }));
  }

  /** Takes the place of what was added by what a checkpoint holds. */
  async load(file: SafetensorsFile): Promise<void> {
    this.#losses.clear();
    this.#steps = 0;
    for (const name of file.names()) {
      if (!name.startsWith(prefix)) continue;
      const values = [...(await file.readFloats(name))];
      this.#losses.set(name.slice(prefix.length), values);
      this.#steps = values.length;
    }
  }
}
