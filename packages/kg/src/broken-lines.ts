import { KgraftError, type Progress } from "@kgraft/runtime";
import { z } from "zod";

/** The option of readers whose lines stand for themselves. */
export const onError = z
  .enum(["stop", "skip"])
  .default("stop")
  .describe("what a broken line does: stop the run, or be passed over and counted");

/** Decides about broken lines, and says at the end how many were passed over. */
export class BrokenLines {
  readonly #skip: boolean;
  readonly #first: string[] = [];
  #count = 0;

  constructor(onError: "stop" | "skip" = "stop") {
    this.#skip = onError === "skip";
  }

  /** @returns the value, or undefined where the line is passed over */
  try<Value>(read: () => Value): Value | undefined {
    try {
      return read();
    } catch (cause) {
      if (!this.#skip || !(cause instanceof KgraftError)) throw cause;
      this.#count++;
      if (this.#first.length < 3) this.#first.push(cause.message);
      return undefined;
    }
  }

  note(progress: Progress, path: string): void {
    if (this.#count === 0) return;
    const more = this.#count > this.#first.length ? " …" : "";
    progress.note(`${path}: ${this.#count} broken lines passed over: ${this.#first.join(" ")}${more}`);
  }
}
