/** What works on this machine, for people. */
export interface Examination {
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** What is missing and how to get it. */
  readonly fixes: readonly string[];
}
