import type { Progress } from "@kgraft/runtime";

/** A progress bar that shows the rate, updated every thousand at most. */
export function rateBar(progress: Progress, label: string, total: number): { add(count: number): void; end(): void } {
  const bar = progress.bar(label, total);
  const begin = performance.now();
  let done = 0;
  let shown = 0;
  const rate = () => `${Math.round(done / Math.max(0.001, (performance.now() - begin) / 1000)).toLocaleString("en")}/s`;
  return {
    add(count) {
      done += count;
      if (done - shown < 1000) return;
      shown = done;
      bar.update(done, rate());
    },
    end: () => bar.end(`${label}: ${done}, ${rate()}`),
  };
}
