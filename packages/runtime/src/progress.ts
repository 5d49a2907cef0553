/** One piece of long work that is being done. */
export interface Bar {
  /** Says how many units are done in all; the detail (a loss, a rate) is shown beside the bar. */
  update(done: number, detail?: string): void;
  /** Ends the bar; `summary` stays on the screen in its place. */
  end(summary?: string): void;
}

/** Where long work and remarks are shown. The command line prints them; a library is silent by default. */
export interface Progress {
  /** Starts a bar of `total` units; a total of 0 means unknown. */
  bar(label: string, total: number): Bar;
  /** One line that a person should see: what was skipped, chosen or found. */
  note(text: string): void;
}

/** Shows nothing. */
export const silent: Progress = {
  bar: () => ({ update: () => undefined, end: () => undefined }),
  note: () => undefined,
};
