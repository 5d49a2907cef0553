import type { Progress } from "@kgraft/runtime";

/** Progress that also keeps its remarks, for the report. */
export interface NotingProgress extends Progress {
  readonly notes: readonly string[];
}

/** Passes everything on and keeps each remark once, in order. */
export function noting(progress: Progress): NotingProgress {
  const notes: string[] = [];
  return {
    notes,
    bar: (label, total) => progress.bar(label, total),
    note(text) {
      if (!notes.includes(text)) notes.push(text);
      progress.note(text);
    },
  };
}
