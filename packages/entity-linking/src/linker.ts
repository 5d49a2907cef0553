import type { Mention } from "@kgraft/text";

/** Finds mentions in text and links them to entities of one graph. */
export interface Linker {
  /** The config name. */
  readonly name: string;
  /**
   * Links one text. Mentions are sorted by start and do not overlap; every number that made a score is kept in the
   * candidates. Never reads labels or targets.
   */
  link(text: string): Promise<readonly Mention[]>;
}
