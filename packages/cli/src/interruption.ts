import { KgraftError } from "@kgraft/runtime";

/** A command that a signal ended after it had left everything tidy. */
export class Interrupted extends Error {
  /** 128 + the signal's number: 130 or 143. */
  readonly exitCode: number;

  constructor(signal: string, exitCode: number, cause: unknown) {
    super(`${signal}: ${cause instanceof KgraftError ? cause.message : "stopped before it was done."}`, { cause });
    this.name = "Interrupted";
    this.exitCode = exitCode;
  }
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs work that ends at its next step, with a checkpoint, on SIGINT or SIGTERM; a second signal ends the process at once.
 *
 * @throws Interrupted where a signal stopped it; what the work throws
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let received: keyof typeof exitCodes | undefined;
  const stop = (name: keyof typeof exitCodes): void => {
    if (received !== undefined) process.exit(exitCodes[name]);
    received = name;
    controller.abort();
  };
  const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  for (const name of names) process.on(name, stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (received !== undefined && isStop(error)) throw new Interrupted(received, exitCodes[received], error);
    throw error;
  } finally {
    for (const name of names) process.off(name, stop);
  }
}

/** Whether an error says no more than that the signal was heeded. */
function isStop(error: unknown): boolean {
  if (error instanceof KgraftError) return error.code.endsWith(".stopped");
  return error instanceof Error && error.name === "AbortError";
}
