import { InputError, suggestion } from "@kgraft/runtime";

/** How the learning rate moves over a run, as a factor of the base rate. */
export interface ScheduleConfig {
  readonly name: "linear" | "cosine" | "constant" | "inverse-sqrt" | "slanted-triangular";
  /** Warm-up from 0: below 1 a fraction of all steps, from 1 on a number of steps. Default 0; slanted-triangular 0.1. */
  readonly warmup?: number;
  /** Slanted-triangular: how many times smaller the lowest rate is than the highest. Default 32. */
  readonly ratio?: number;
}

type Curve = (step: number, warmup: number, total: number, ratio: number) => number;

const warming = (step: number, warmup: number): number => step / Math.max(1, warmup);
const left = (step: number, warmup: number, total: number): number =>
  Math.max(0, (total - step) / Math.max(1, total - warmup));

/** Steps of the time scale of `inverse-sqrt` where there is no warm-up. */
const inverseSqrtScale = 10_000;

const curves: Readonly<Record<ScheduleConfig["name"], Curve>> = {
  constant: (step, warmup) => (step < warmup ? warming(step, warmup) : 1),
  linear: (step, warmup, total) => (step < warmup ? warming(step, warmup) : left(step, warmup, total)),
  cosine: (step, warmup, total) =>
    step < warmup ? warming(step, warmup) : 0.5 * (1 + Math.cos(Math.PI * (1 - left(step, warmup, total)))),
  "inverse-sqrt": (step, warmup) => {
    const scale = warmup || inverseSqrtScale;
    return step < warmup ? warming(step, warmup) : Math.sqrt(scale / (step + scale - warmup));
  },
  "slanted-triangular": (step, warmup, total, ratio) => {
    const part = step < warmup ? warming(step, warmup) : left(step, warmup, total);
    return (1 + part * (ratio - 1)) / ratio;
  },
};

/**
 * Gives the factor of the base rate for one update.
 *
 * @param step updates done before this one, 0 … total - 1: with warm-up the first update has factor 0
 * @throws InputError `tensor.schedule` for an unknown name or a warm-up that is negative or longer than the run
 * @source The schedules of Hugging Face transformers (`optimization.py`), term for term; slanted-triangular: Howard and
 * Ruder, ACL 2018, equation 3
 */
export function scheduleFactor(config: ScheduleConfig, step: number, total: number): number {
  const curve = curves[config.name] as Curve | undefined;
  if (curve === undefined)
    throw new InputError({
      code: "tensor.schedule",
      at: "schedule.name",
      problem: `no schedule "${config.name}"`,
      wanted: `Wanted one of ${Object.keys(curves).join(", ")}`,
      fix: suggestion(config.name, Object.keys(curves)),
    });
  return curve(step, warmupSteps(config, total), total, config.ratio ?? 32);
}

function warmupSteps(
  { name, warmup = name === "slanted-triangular" ? 0.1 : 0 }: ScheduleConfig,
  total: number,
): number {
  const steps = warmup < 1 ? Math.floor(warmup * total) : warmup;
  if (steps >= 0 && steps <= total) return steps;
  throw new InputError({
    code: "tensor.schedule",
    at: "schedule.warmup",
    problem: `is ${warmup}`,
    wanted: `Wanted a fraction of the ${total} steps, or a number of steps from 0 to ${total}`,
  });
}
